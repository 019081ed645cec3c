import { UnavailableError } from '../errors.ts';
import type {
  NewSession,
  Revocation,
  Storage,
  StoredRevocation,
  StoredSession,
  StoredUser,
} from './port.ts';

/** Forgets everything when the process ends: for tests, and for servers without a data folder. */
export class MemoryStorage implements Storage {
  readonly kind = 'memory';
  readonly #users = new Map<string, StoredUser>();
  readonly #sessions = new Map<string, StoredSession>();
  #revocations: StoredRevocation[] = [];
  #sequence = 0;
  #stopped = false;

  async createUser(user: StoredUser): Promise<boolean> {
    this.#check();
    if (this.#users.has(user.user_id)) return false;
    this.#users.set(user.user_id, { ...user });
    return true;
  }

  async getUser(user_id: string): Promise<StoredUser | undefined> {
    this.#check();
    return this.#users.get(user_id);
  }

  async listUsers(limit: number, after?: string): Promise<readonly StoredUser[]> {
    this.#check();
    return pageOf([...this.#users.values()], (user) => user.user_id, limit, after);
  }

  async setUserDisabled(user_id: string, disabled: boolean): Promise<boolean> {
    this.#check();
    const user = this.#users.get(user_id);
    if (user === undefined) return false;
    this.#users.set(user_id, { ...user, disabled });
    return true;
  }

  async createSession(session: NewSession): Promise<boolean> {
    this.#check();
    if (this.#sessions.has(session.token_hash) || !this.#users.has(session.user_id)) return false;
    this.#sessions.set(session.token_hash, { ...session });
    return true;
  }

  async findSession(token_hash: string): Promise<StoredSession | undefined> {
    this.#check();
    return this.#sessions.get(token_hash);
  }

  async revokeSession(token_hash: string, revoked_at_ms: number): Promise<boolean> {
    this.#check();
    const session = this.#sessions.get(token_hash);
    if (session === undefined || session.revoked_at_ms !== undefined) return false;
    this.#sessions.set(token_hash, { ...session, revoked_at_ms });
    return true;
  }

  async listSessions(
    user_id: string,
    limit: number,
    after?: string,
  ): Promise<readonly StoredSession[]> {
    this.#check();
    const own = [...this.#sessions.values()].filter((session) => session.user_id === user_id);
    return pageOf(own, (session) => session.token_hash, limit, after);
  }

  async addRevocation(revocation: Revocation): Promise<number> {
    this.#check();
    this.#sequence += 1;
    this.#revocations.push({ ...revocation, sequence: this.#sequence });
    return this.#sequence;
  }

  async listRevocations(after: number, limit: number): Promise<readonly StoredRevocation[]> {
    this.#check();
    return this.#revocations.filter(({ sequence }) => sequence > after).slice(0, limit);
  }

  async deleteExpired(now_ms: number, limit: number): Promise<number> {
    this.#check();
    const isExpired = (entry: { readonly expires_at_ms: number }) => entry.expires_at_ms < now_ms;
    const sessions = [...this.#sessions.values()].filter(isExpired).slice(0, limit);
    for (const { token_hash } of sessions) this.#sessions.delete(token_hash);
    const revocations = new Set(this.#revocations.filter(isExpired).slice(0, limit));
    this.#revocations = this.#revocations.filter((entry) => !revocations.has(entry));
    return sessions.length + revocations.size;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
  }

  #check(): void {
    if (this.#stopped) throw new UnavailableError('the storage has stopped');
  }
}

function pageOf<T>(
  entries: readonly T[],
  keyOf: (entry: T) => string,
  limit: number,
  after: string | undefined,
): readonly T[] {
  const start = after === undefined ? undefined : Buffer.from(after);
  return entries
    .map((entry) => ({ entry, key: Buffer.from(keyOf(entry)) }))
    .filter(({ key }) => start === undefined || Buffer.compare(key, start) > 0)
    .sort((one, other) => Buffer.compare(one.key, other.key))
    .slice(0, limit)
    .map(({ entry }) => entry);
}
