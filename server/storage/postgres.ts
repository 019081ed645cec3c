import type { SQL } from 'bun';
import {
  closePostgres,
  migratePostgres,
  openPostgres,
  postgresUnavailable,
  query,
} from '../database/postgres.ts';
import { ConfigError, UnavailableError } from '../errors.ts';
import type {
  NewSession,
  Revocation,
  Storage,
  StoredRevocation,
  StoredSession,
  StoredUser,
} from './port.ts';

/** Rows as they come: large integers as text, texts as their bytes. */
type Row = Readonly<Record<string, unknown>>;

const CONNECTIONS_MAX = 4;
const SESSION = 'token_hash, user_id, created_at_ms, expires_at_ms, revoked_at_ms';
const REVOCATION = 'sequence, kind, subject, revoked_at_ms, expires_at_ms';

const bytes = (text: string | undefined): Buffer | null =>
  text === undefined ? null : Buffer.from(text);

/** Users and sessions in PostgreSQL. Connections that are lost are made anew when they are needed. */
export class PostgresStorage implements Storage {
  readonly kind = 'postgres';
  readonly #pool: SQL;
  #migrated: Promise<void> | undefined;
  #stopped = false;

  /**
   * @param url of the database, with the user's name and password
   * @throws ConfigError when it is not one
   */
  constructor(url: string) {
    this.#pool = openPostgres(url, CONNECTIONS_MAX);
  }

  /**
   * Makes the tables where there are none. Done by the first call otherwise.
   * @throws UnavailableError when the database does not answer
   * @throws ConfigError when its tables are of a version this server does not know
   */
  async start(): Promise<void> {
    this.#migrated ??= migratePostgres(this.#pool);
    try {
      await this.#migrated;
    } catch (error) {
      this.#migrated = undefined;
      throw error instanceof ConfigError ? error : postgresUnavailable(error);
    }
  }

  async createUser({ user_id, username, created_at_ms, disabled }: StoredUser): Promise<boolean> {
    return this.#change('INSERT INTO hubbub_users VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING', [
      bytes(user_id),
      bytes(username),
      created_at_ms,
      disabled,
    ]);
  }

  async getUser(user_id: string): Promise<StoredUser | undefined> {
    const rows = await this.#all('SELECT * FROM hubbub_users WHERE user_id = $1', [bytes(user_id)]);
    return rows.map(userIn)[0];
  }

  async listUsers(limit: number, after?: string): Promise<readonly StoredUser[]> {
    const rows = await this.#all(
      `SELECT * FROM hubbub_users WHERE $1::bytea IS NULL OR user_id > $1
      ORDER BY user_id LIMIT $2`,
      [bytes(after), limit],
    );
    return rows.map(userIn);
  }

  async setUserDisabled(user_id: string, disabled: boolean): Promise<boolean> {
    return this.#change('UPDATE hubbub_users SET disabled = $2 WHERE user_id = $1', [
      bytes(user_id),
      disabled,
    ]);
  }

  async createSession(session: NewSession): Promise<boolean> {
    const { token_hash, user_id, created_at_ms, expires_at_ms } = session;
    return this.#change(
      `INSERT INTO hubbub_sessions
      SELECT $1::bytea, user_id, $3::bigint, $4::bigint, NULL FROM hubbub_users WHERE user_id = $2
      ON CONFLICT DO NOTHING`,
      [bytes(token_hash), bytes(user_id), created_at_ms, expires_at_ms],
    );
  }

  async findSession(token_hash: string): Promise<StoredSession | undefined> {
    const rows = await this.#all(`SELECT ${SESSION} FROM hubbub_sessions WHERE token_hash = $1`, [
      bytes(token_hash),
    ]);
    return rows.map(sessionIn)[0];
  }

  async revokeSession(token_hash: string, revoked_at_ms: number): Promise<boolean> {
    return this.#change(
      `UPDATE hubbub_sessions SET revoked_at_ms = $2
      WHERE token_hash = $1 AND revoked_at_ms IS NULL`,
      [bytes(token_hash), revoked_at_ms],
    );
  }

  async listSessions(
    user_id: string,
    limit: number,
    after?: string,
  ): Promise<readonly StoredSession[]> {
    const rows = await this.#all(
      `SELECT ${SESSION} FROM hubbub_sessions
      WHERE user_id = $1 AND ($2::bytea IS NULL OR token_hash > $2) ORDER BY token_hash LIMIT $3`,
      [bytes(user_id), bytes(after), limit],
    );
    return rows.map(sessionIn);
  }

  /** One after the other: whoever has seen a number has seen all before it. */
  async addRevocation(revocation: Revocation): Promise<number> {
    const { kind, subject, revoked_at_ms, expires_at_ms } = revocation;
    const rows = await this.#all(
      `WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock($5) AS taken)
      INSERT INTO hubbub_revocations (kind, subject, revoked_at_ms, expires_at_ms)
      SELECT $1, $2::bytea, $3::bigint, $4::bigint FROM turn RETURNING sequence`,
      [kind, bytes(subject), revoked_at_ms, expires_at_ms, REVOCATIONS_LOCK],
    );
    return Number(rows[0]?.sequence);
  }

  async listRevocations(after: number, limit: number): Promise<readonly StoredRevocation[]> {
    const rows = await this.#all(
      `SELECT ${REVOCATION} FROM hubbub_revocations WHERE sequence > $1 ORDER BY sequence LIMIT $2`,
      [after, limit],
    );
    return rows.map((row) => ({
      sequence: Number(row.sequence),
      kind: row.kind === 'user' ? 'user' : 'token',
      subject: String(row.subject),
      revoked_at_ms: Number(row.revoked_at_ms),
      expires_at_ms: Number(row.expires_at_ms),
    }));
  }

  async deleteExpired(now_ms: number, limit: number): Promise<number> {
    const rows = await this.#all(
      `WITH sessions AS (
        DELETE FROM hubbub_sessions WHERE token_hash IN
          (SELECT token_hash FROM hubbub_sessions WHERE expires_at_ms < $1 LIMIT $2) RETURNING 1
      ), revocations AS (
        DELETE FROM hubbub_revocations WHERE sequence IN
          (SELECT sequence FROM hubbub_revocations WHERE expires_at_ms < $1 LIMIT $2) RETURNING 1
      )
      SELECT (SELECT count(*) FROM sessions) + (SELECT count(*) FROM revocations) AS deleted`,
      [now_ms, limit],
    );
    return Number(rows[0]?.deleted);
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    await closePostgres(this.#pool);
  }

  async #change(statement: string, parameters: readonly unknown[]): Promise<boolean> {
    return (await this.#all(`${statement} RETURNING 1`, parameters)).length > 0;
  }

  async #all(statement: string, parameters: readonly unknown[]): Promise<readonly Row[]> {
    if (this.#stopped) throw new UnavailableError('the storage has stopped');
    await this.start();
    try {
      return await query<Row>(this.#pool, statement, parameters);
    } catch (error) {
      throw postgresUnavailable(error);
    }
  }
}

const REVOCATIONS_LOCK = 0x68_75_62_02;

const userIn = (row: Row): StoredUser => ({
  user_id: String(row.user_id),
  username: String(row.username),
  created_at_ms: Number(row.created_at_ms),
  disabled: row.disabled === true,
});

function sessionIn(row: Row): StoredSession {
  const session = {
    token_hash: String(row.token_hash),
    user_id: String(row.user_id),
    created_at_ms: Number(row.created_at_ms),
    expires_at_ms: Number(row.expires_at_ms),
  };
  return row.revoked_at_ms === null
    ? session
    : { ...session, revoked_at_ms: Number(row.revoked_at_ms) };
}
