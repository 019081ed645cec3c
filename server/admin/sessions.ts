import { newSessionToken } from '../identity/session_tokens.ts';
import type { StoredSession } from '../storage/port.ts';
import { type Answer, Fault, notFound } from './answer.ts';
import { type Desk, revokeToken } from './desk.ts';
import { type Input, nextOf, readDuration, readPage, readText } from './input.ts';

/** The id of a session is the hash of its token: it finds it, and opens nothing. */
const shown = ({ token_hash, ...session }: StoredSession): object => ({
  session_id: token_hash,
  ...session,
});

/** The only time its token is shown. */
export async function createSession(
  { storage, limits, clock }: Desk,
  { body }: Input,
): Promise<Answer | Fault> {
  const user_id = readText(body, 'user_id');
  if (user_id instanceof Fault) return user_id;
  const { token_lifetime_ms_max } = limits;
  const ttl_ms = readDuration(body, 'ttl_ms', token_lifetime_ms_max, token_lifetime_ms_max);
  if (ttl_ms instanceof Fault) return ttl_ms;
  const user = await storage.getUser(user_id);
  if (user === undefined) return notFound('user');
  if (user.disabled) return new Fault(409, 'user_disabled', 'This user is disabled.');
  const { token, token_hash } = newSessionToken();
  const created_at_ms = clock();
  const session = { token_hash, user_id, created_at_ms, expires_at_ms: created_at_ms + ttl_ms };
  // The user may have gone in this moment; that two tokens have one hash does not happen.
  if (!(await storage.createSession(session))) return notFound('user');
  return { status: 201, body: { token, ...shown(session) } };
}

export async function listSessions(
  { storage }: Desk,
  { names: [user_id = ''], query }: Input,
): Promise<Answer | Fault> {
  const page = readPage(query);
  if (page instanceof Fault) return page;
  if ((await storage.getUser(user_id)) === undefined) return notFound('user');
  const sessions = await storage.listSessions(user_id, page.limit, page.after);
  const next = nextOf(sessions, page, ({ token_hash }) => token_hash);
  return { status: 200, body: { sessions: sessions.map(shown), ...next } };
}

/** Harmless when it was revoked before: what a crash may have left undone is done then. */
export async function revokeSession(
  desk: Desk,
  { names: [session_id = ''] }: Input,
): Promise<Answer | Fault> {
  const session = await desk.storage.findSession(session_id);
  if (session === undefined) return notFound('session');
  await desk.storage.revokeSession(session_id, desk.clock());
  await revokeToken(desk, session_id, session.expires_at_ms);
  return { status: 204 };
}
