import { isShownName, userIdFlaw } from '../identity/identity.ts';
import { type Answer, Fault, notFound } from './answer.ts';
import { type Desk, revokeUser } from './desk.ts';
import { type Input, nextOf, readFlag, readPage, readText } from './input.ts';

export async function createUser(
  { storage, clock }: Desk,
  { body }: Input,
): Promise<Answer | Fault> {
  const user_id = readText(body, 'user_id');
  if (user_id instanceof Fault) return user_id;
  const flaw = userIdFlaw(user_id);
  if (flaw !== undefined) return new Fault(400, 'invalid_field', `"user_id" ${flaw}.`);
  const username = readText(body, 'username');
  if (username instanceof Fault) return username;
  if (!isShownName(username)) {
    return new Fault(400, 'invalid_field', '"username" has characters that cannot be shown.');
  }
  const user = { user_id, username, created_at_ms: clock(), disabled: false };
  if (await storage.createUser(user)) return { status: 201, body: user };
  return new Fault(409, 'user_exists', 'There is a user with this id.');
}

export async function listUsers({ storage }: Desk, { query }: Input): Promise<Answer | Fault> {
  const page = readPage(query);
  if (page instanceof Fault) return page;
  const users = await storage.listUsers(page.limit, page.after);
  return { status: 200, body: { users, ...nextOf(users, page, ({ user_id }) => user_id) } };
}

export async function getUser(
  { storage }: Desk,
  { names: [user_id = ''] }: Input,
): Promise<Answer | Fault> {
  const user = await storage.getUser(user_id);
  return user === undefined ? notFound('user') : { status: 200, body: user };
}

/** Whoever is disabled is sent away at once; tokens from before do not come back to life afterwards. */
export async function changeUser(desk: Desk, input: Input): Promise<Answer | Fault> {
  const [user_id = ''] = input.names;
  const disabled = readFlag(input.body, 'disabled');
  if (disabled instanceof Fault) return disabled;
  if (!(await desk.storage.setUserDisabled(user_id, disabled))) return notFound('user');
  if (disabled) await revokeUser(desk, user_id);
  return getUser(desk, input);
}

/** Also for users that only the issuer of their tokens knows. */
export async function signOutUser(desk: Desk, { names: [user_id = ''] }: Input): Promise<Answer> {
  return { status: 200, body: { user_id, revoked_at_ms: await revokeUser(desk, user_id) } };
}
