import { tokenIdOf } from '../identity/jwt.ts';
import { type Answer, Fault } from './answer.ts';
import { type Desk, revokeToken } from './desk.ts';
import { type Input, nextOf, readPage, readText } from './input.ts';

/** Revokes a JSON Web Token by its claim `jti`. */
export async function addRevocation(desk: Desk, { body }: Input): Promise<Answer | Fault> {
  const jti = readText(body, 'jti');
  if (jti instanceof Fault) return jti;
  const subject = tokenIdOf(jti);
  if (subject === undefined) return new Fault(400, 'invalid_field', '"jti" is empty or too long.');
  return { status: 201, body: { jti, revoked_at_ms: await revokeToken(desk, subject) } };
}

/** Oldest first. */
export async function listRevocations(
  { storage }: Desk,
  { query }: Input,
): Promise<Answer | Fault> {
  const page = readPage(query);
  if (page instanceof Fault) return page;
  const after = Number(page.after ?? 0);
  if (!Number.isSafeInteger(after) || after < 0) {
    return new Fault(400, 'invalid_field', '"after" must be the "next" of another page.');
  }
  const revocations = await storage.listRevocations(after, page.limit);
  const next = nextOf(revocations, page, ({ sequence }) => String(sequence));
  return { status: 200, body: { revocations, ...next } };
}
