/**
 * What is known of people besides what they say: users, session tokens, revocations. It is asked when
 * somebody signs in or is signed out, never on the way of a message.
 *
 * What callers may rely on (`contract.ts` holds every adapter to it):
 * - What a call has answered is seen by every later call, at whichever worker.
 * - Nothing here is a secret: of a token only its hash is kept, and callers compute it.
 * - Times are milliseconds since 1970 and come from the caller; storage has no clock.
 * - Lists are in a fixed order and paged: hand in the last key of a page to get the next one.
 * @throws UnavailableError from every method when the engine does not answer, and after `stop`
 */
export interface Storage {
  /** For people: `/stats`, the log line at start. */
  readonly kind: string;

  /** @returns false when there is a user with this id already; nothing has changed then */
  createUser(user: StoredUser): Promise<boolean>;
  getUser(user_id: string): Promise<StoredUser | undefined>;
  /** By `user_id`, in the order of its UTF-8 bytes. @param after the last `user_id` of the page before */
  listUsers(limit: number, after?: string): Promise<readonly StoredUser[]>;
  /** Disabled users keep their sessions; whoever checks a session looks at its user too. @returns false when there is no such user */
  setUserDisabled(user_id: string, disabled: boolean): Promise<boolean>;

  /** @returns false when the hash is taken, or there is no such user; nothing has changed then */
  createSession(session: NewSession): Promise<boolean>;
  /** Also one that has expired or is revoked: the caller decides what that means. */
  findSession(token_hash: string): Promise<StoredSession | undefined>;
  /** @returns whether it was there and not revoked before */
  revokeSession(token_hash: string, revoked_at_ms: number): Promise<boolean>;
  /** By `token_hash`. @param after the last `token_hash` of the page before */
  listSessions(user_id: string, limit: number, after?: string): Promise<readonly StoredSession[]>;

  /** @returns its sequence number, past every earlier one; the same once more gets a new one */
  addRevocation(revocation: Revocation): Promise<number>;
  /** Oldest first: those with a `sequence` past `after`. Workers ask again and again and keep up. */
  listRevocations(after: number, limit: number): Promise<readonly StoredRevocation[]>;

  /** Sessions and revocations that expired before `now_ms`, at most `limit` of each. @returns how many went */
  deleteExpired(now_ms: number, limit: number): Promise<number>;

  stop(): Promise<void>;
}

export interface StoredUser {
  readonly user_id: string;
  readonly username: string;
  readonly created_at_ms: number;
  readonly disabled: boolean;
}

export interface NewSession {
  /** Of the opaque token, in hex; 64 characters at the most. */
  readonly token_hash: string;
  readonly user_id: string;
  readonly created_at_ms: number;
  readonly expires_at_ms: number;
}

export interface StoredSession extends NewSession {
  /** Absent while it is good. */
  readonly revoked_at_ms?: number;
}

/** What is no longer good although it carries its own proof. */
export interface Revocation {
  /** `user`: all tokens of a user issued before; `token`: one token, by its id or hash. */
  readonly kind: 'user' | 'token';
  readonly subject: string;
  readonly revoked_at_ms: number;
  /** When whatever it revokes has expired by itself, and the entry may go. */
  readonly expires_at_ms: number;
}

export interface StoredRevocation extends Revocation {
  readonly sequence: number;
}
