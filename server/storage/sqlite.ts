import type { Database } from 'bun:sqlite';
import { inTransaction, openSqlite, type SqliteOptions, unavailable } from '../database/sqlite.ts';
import { ConfigError, UnavailableError } from '../errors.ts';
import type {
  NewSession,
  Revocation,
  Storage,
  StoredRevocation,
  StoredSession,
  StoredUser,
} from './port.ts';

type UserRow = Omit<StoredUser, 'disabled'> & { readonly disabled: number };
type SessionRow = NewSession & { readonly revoked_at_ms: number | null };

const SESSION = 'token_hash, user_id, created_at_ms, expires_at_ms, revoked_at_ms';
const REVOCATION = 'sequence, kind, subject, revoked_at_ms, expires_at_ms';

/**
 * Users and sessions in a SQLite file, beside the log's tables. It answers on the spot: where that could
 * hold up others, it belongs on a thread of its own.
 */
export class SqliteStorage implements Storage {
  readonly kind = 'sqlite';
  readonly #options: SqliteOptions;
  #database: Database | undefined;
  #stopped = false;

  /**
   * @throws UnavailableError when the database cannot be opened
   * @throws ConfigError when its tables are of a version this server does not know
   */
  constructor(options: SqliteOptions) {
    this.#options = options;
    this.#database = openSqlite(options, true);
  }

  async createUser({ user_id, username, created_at_ms, disabled }: StoredUser): Promise<boolean> {
    return this.#change('INSERT INTO users VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING', [
      user_id,
      username,
      created_at_ms,
      disabled ? 1 : 0,
    ]);
  }

  async getUser(user_id: string): Promise<StoredUser | undefined> {
    const rows = this.#all<UserRow>('SELECT * FROM users WHERE user_id = ?', [user_id]);
    return rows.map(userIn)[0];
  }

  async listUsers(limit: number, after?: string): Promise<readonly StoredUser[]> {
    const rows = this.#all<UserRow>(
      'SELECT * FROM users WHERE ?1 IS NULL OR user_id > ?1 ORDER BY user_id LIMIT ?2',
      [after ?? null, limit],
    );
    return rows.map(userIn);
  }

  async setUserDisabled(user_id: string, disabled: boolean): Promise<boolean> {
    return this.#change('UPDATE users SET disabled = ? WHERE user_id = ?', [
      disabled ? 1 : 0,
      user_id,
    ]);
  }

  async createSession(session: NewSession): Promise<boolean> {
    const { token_hash, user_id, created_at_ms, expires_at_ms } = session;
    return this.#change(
      `INSERT INTO sessions SELECT ?1, user_id, ?3, ?4, NULL FROM users WHERE user_id = ?2
      ON CONFLICT DO NOTHING`,
      [token_hash, user_id, created_at_ms, expires_at_ms],
    );
  }

  async findSession(token_hash: string): Promise<StoredSession | undefined> {
    const rows = this.#all<SessionRow>(`SELECT ${SESSION} FROM sessions WHERE token_hash = ?`, [
      token_hash,
    ]);
    return rows.map(sessionIn)[0];
  }

  async revokeSession(token_hash: string, revoked_at_ms: number): Promise<boolean> {
    return this.#change(
      'UPDATE sessions SET revoked_at_ms = ? WHERE token_hash = ? AND revoked_at_ms IS NULL',
      [revoked_at_ms, token_hash],
    );
  }

  async listSessions(
    user_id: string,
    limit: number,
    after?: string,
  ): Promise<readonly StoredSession[]> {
    const rows = this.#all<SessionRow>(
      `SELECT ${SESSION} FROM sessions WHERE user_id = ?1 AND (?2 IS NULL OR token_hash > ?2)
      ORDER BY token_hash LIMIT ?3`,
      [user_id, after ?? null, limit],
    );
    return rows.map(sessionIn);
  }

  async addRevocation(revocation: Revocation): Promise<number> {
    const { kind, subject, revoked_at_ms, expires_at_ms } = revocation;
    const [row] = this.#all<{ readonly sequence: number }>(
      `INSERT INTO revocations (kind, subject, revoked_at_ms, expires_at_ms) VALUES (?, ?, ?, ?)
      RETURNING sequence`,
      [kind, subject, revoked_at_ms, expires_at_ms],
    );
    return row?.sequence ?? 0;
  }

  async listRevocations(after: number, limit: number): Promise<readonly StoredRevocation[]> {
    return this.#all<StoredRevocation>(
      `SELECT ${REVOCATION} FROM revocations WHERE sequence > ? ORDER BY sequence LIMIT ?`,
      [after, limit],
    );
  }

  async deleteExpired(now_ms: number, limit: number): Promise<number> {
    return this.#ask((database) =>
      inTransaction(database, () => {
        const sessions = database.run(
          `DELETE FROM sessions WHERE token_hash IN
            (SELECT token_hash FROM sessions WHERE expires_at_ms < ? LIMIT ?)`,
          [now_ms, limit],
        );
        const revocations = database.run(
          `DELETE FROM revocations WHERE sequence IN
            (SELECT sequence FROM revocations WHERE expires_at_ms < ? LIMIT ?)`,
          [now_ms, limit],
        );
        return sessions.changes + revocations.changes;
      }),
    );
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#close();
  }

  #change(statement: string, parameters: (string | number | null)[]): boolean {
    return this.#ask((database) => database.query(statement).run(...parameters).changes > 0);
  }

  #all<Row>(statement: string, parameters: (string | number | null)[]): Row[] {
    return this.#ask((database) =>
      database.query<Row, typeof parameters>(statement).all(...parameters),
    );
  }

  /** What has failed is opened anew the next time. */
  #ask<T>(run: (database: Database) => T): T {
    if (this.#stopped) throw new UnavailableError('the storage has stopped');
    try {
      this.#database ??= openSqlite(this.#options, false);
      return run(this.#database);
    } catch (error) {
      this.#close();
      throw error instanceof ConfigError ? error : unavailable('the database failed', error);
    }
  }

  #close(): void {
    const database = this.#database;
    this.#database = undefined;
    database?.close();
  }
}

const userIn = ({ disabled, ...user }: UserRow): StoredUser => ({
  ...user,
  disabled: disabled === 1,
});

const sessionIn = ({ revoked_at_ms, ...session }: SessionRow): StoredSession =>
  revoked_at_ms === null ? session : { ...session, revoked_at_ms };
