import { createHash, randomBytes } from 'node:crypto';
import { withDeadline } from '../deadline.ts';
import { Refusal, UnavailableError } from '../errors.ts';
import type { Storage } from '../storage/port.ts';
import type { Identity } from './identity.ts';
import { Permissions } from './permissions.ts';

const PREFIX = 'hbs_';
const TOKEN_BYTES = 32;
const FORM = /^hbs_[\w-]{43}$/;
const STORAGE_MS_MAX = 5_000;
const RETRY_MS = 5_000;

/** A token nobody can guess, and what storage is to know of it. It cannot be shown a second time. */
export function newSessionToken(): { readonly token: string; readonly token_hash: string } {
  const token = PREFIX + randomBytes(TOKEN_BYTES).toString('base64url');
  return { token, token_hash: hashOf(token) };
}

export const isSessionToken = (token: string): boolean => token.startsWith(PREFIX);

/** Plain SHA-256 does for 256 random bits: there is nothing to guess, and so nothing to slow down. */
const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

/** What storage knows of people who come with a token. Answers `unavailable` when storage does. */
export class Accounts {
  readonly #storage: Storage;
  readonly #clock: () => number;

  constructor(storage: Storage, clock: () => number = Date.now) {
    this.#storage = storage;
    this.#clock = clock;
  }

  /** Whom a session token stands for. */
  async verify(token: string): Promise<Identity | Refusal> {
    if (!FORM.test(token)) return new Refusal('token_invalid');
    return this.#ask(async () => {
      // Found by its hash: how long that takes tells nothing about tokens that would have been right.
      const session = await this.#storage.findSession(hashOf(token));
      if (session === undefined || session.revoked_at_ms !== undefined) {
        return new Refusal('token_invalid');
      }
      if (session.expires_at_ms <= this.#clock()) return new Refusal('token_expired');
      const user = await this.#storage.getUser(session.user_id);
      if (user === undefined || user.disabled) return new Refusal('token_invalid');
      return {
        user: { user_id: user.user_id, username: user.username },
        permissions: Permissions.all,
        issued_at_ms: session.created_at_ms,
        expires_at_ms: session.expires_at_ms,
        token_id: session.token_hash,
      };
    });
  }

  /** Somebody an issuer vouches for may have been disabled here. Unknown users are the issuer's. */
  async admit(identity: Identity): Promise<Identity | Refusal> {
    return this.#ask(async () => {
      const user = await this.#storage.getUser(identity.user.user_id);
      return user?.disabled === true ? new Refusal('token_invalid') : identity;
    });
  }

  async #ask(work: () => Promise<Identity | Refusal>): Promise<Identity | Refusal> {
    try {
      return await withDeadline(work(), STORAGE_MS_MAX, 'asking storage for a user');
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      return new Refusal('unavailable', 'Tokens cannot be checked now.', RETRY_MS);
    }
  }
}
