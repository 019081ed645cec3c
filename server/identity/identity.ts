import { randomBytes } from 'node:crypto';
import type { User } from '../protocol/messages.ts';
import { isUsername } from '../room/names.ts';
import { Permissions } from './permissions.ts';

/** Who somebody has shown to be, and for how long. */
export interface Identity {
  readonly user: User;
  readonly permissions: Permissions;
  /** When the proof was made, on the wall clock: a revocation of the user voids all up to its time. */
  readonly issued_at_ms: number;
  /** When it ends, on the wall clock. Guests stay as long as they are connected. */
  readonly expires_at_ms?: number;
  /** What a revocation of the token names. */
  readonly token_id?: string;
}

/** Ids of guests begin with it, and no other id does: nobody who is known can be posed as. */
const GUEST_PREFIX = 'g_';
const USER_ID_BYTES_MAX = 255;
export const USERNAME_BYTES_MAX = 64;

const CONTROL = /\p{C}/u;

export function newGuest(
  username: string | undefined,
  now_ms: number,
  permissions: Permissions = Permissions.all,
): Identity {
  const id = randomBytes(9).toString('base64url');
  const user = { user_id: GUEST_PREFIX + id, username: username ?? `guest-${id.slice(0, 4)}` };
  return { user, permissions, issued_at_ms: now_ms };
}

export const isGuest = ({ user_id }: User): boolean => user_id.startsWith(GUEST_PREFIX);

/** @returns why an issuer may not give out this id, as the end of a sentence; undefined when it may */
export function userIdFlaw(user_id: string): string | undefined {
  if (user_id === '') return 'is empty';
  if (Buffer.byteLength(user_id) > USER_ID_BYTES_MAX) {
    return `has more than ${USER_ID_BYTES_MAX} bytes`;
  }
  if (!user_id.isWellFormed() || CONTROL.test(user_id))
    return 'has characters that are not allowed';
  return user_id.startsWith(GUEST_PREFIX)
    ? `begins with ${GUEST_PREFIX}, as those of guests do`
    : undefined;
}

export const isShownName = (name: string): boolean => isUsername(name, USERNAME_BYTES_MAX);

/** @returns the first of `candidates` that may be shown as a name; else one made up from the id */
export const usernameFrom = (user_id: string, ...candidates: readonly unknown[]): string =>
  [...candidates, user_id].find(
    (one): one is string => typeof one === 'string' && isShownName(one),
  ) ?? `user-${Bun.hash(user_id).toString(36)}`;
