import { SQL } from 'bun';
import { withDeadline } from '../deadline.ts';
import { ConfigError, UnavailableError } from '../errors.ts';
import { POSTGRES_MIGRATIONS } from './postgres_schema.ts';

/** What SQL can be asked on: a pool, or one connection of it. */
export type Queries = Pick<SQL, 'unsafe' | 'array'>;

/** So long the server works at a statement; a little later nobody waits for it any more. */
const STATEMENT_MS_MAX = 4_000;
const ANSWER_MS_MAX = 5_000;
const CONNECT_S_MAX = 5;
/** Held while tables are made, so that of two servers started at once one waits for the other. */
const MIGRATION_LOCK = 0x68_75_62_01;
/** How the server finds out that whoever holds a lock has gone without a word. */
const SESSION_SETTINGS = {
  application_name: 'hubbub',
  statement_timeout: `${STATEMENT_MS_MAX}`,
  idle_in_transaction_session_timeout: '10000',
  tcp_keepalives_idle: '5',
  tcp_keepalives_interval: '2',
  tcp_keepalives_count: '3',
};

/**
 * A pool of connections; none is made before it is needed.
 * @throws ConfigError when the address is not one
 */
export function openPostgres(url: string, connections_max: number): SQL {
  if (!/^postgres(ql)?:\/\/[^/]/.test(url)) {
    throw new ConfigError('--postgres-url must be postgres://user:password@host:port/database.');
  }
  return new SQL(url, {
    max: connections_max,
    connectionTimeout: CONNECT_S_MAX,
    connection: SESSION_SETTINGS,
  });
}

/**
 * Asks, and waits for the answer, but not for ever.
 * @throws UnavailableError when the answer takes too long: whether it was done is not known
 */
export async function query<Row>(
  queries: Queries,
  statement: string,
  parameters: readonly unknown[] = [],
): Promise<readonly Row[]> {
  const answer: Promise<Row[]> = queries.unsafe(statement, [...parameters]);
  return withDeadline(answer, ANSWER_MS_MAX, 'the database');
}

/** Lets all connections go at once. */
export const closePostgres = (pool: SQL): Promise<void> => pool.close({ timeout: 0 });

/** Texts as an array of their bytes. */
export const bytesOf = (queries: Queries, texts: readonly (string | null)[]): unknown =>
  queries.array(
    texts.map((text) => (text === null ? null : `\\x${Buffer.from(text).toString('hex')}`)),
    'BYTEA',
  );

export const numbersOf = (queries: Queries, numbers: readonly number[]): unknown =>
  queries.array([...numbers], 'INT8');

/**
 * Brings the tables up to date, in one transaction.
 * @throws ConfigError when they are of a version this server does not know
 */
export async function migratePostgres(pool: SQL): Promise<void> {
  const known = POSTGRES_MIGRATIONS.length;
  await withDeadline(
    pool.begin(async (transaction) => {
      await transaction.unsafe('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
      await transaction.unsafe(
        'CREATE TABLE IF NOT EXISTS hubbub_schema (version integer NOT NULL)',
      );
      const [row] = await transaction.unsafe('SELECT version FROM hubbub_schema');
      const version = Number(row?.version ?? 0);
      if (version > known) {
        throw new ConfigError(
          `The database has tables of version ${version}; this server knows them up to version ${known}. Start the server that wrote them, or a newer one.`,
        );
      }
      if (version === known) return;
      for (const statement of POSTGRES_MIGRATIONS.slice(version).flat()) {
        await transaction.unsafe(statement);
      }
      await transaction.unsafe('DELETE FROM hubbub_schema');
      await transaction.unsafe('INSERT INTO hubbub_schema VALUES ($1)', [known]);
    }),
    ANSWER_MS_MAX * 4,
    'making the tables',
  );
}

/** Classes of SQLSTATE after which the connection is gone, and what it was at is not known. */
const CONNECTION_LOST = /^(08|57P|40003)/;

/** Whether the server has said that a statement failed: then it has left no trace. */
export const hasFailed = (error: unknown): boolean =>
  error instanceof SQL.PostgresError &&
  error.errno !== undefined &&
  !CONNECTION_LOST.test(error.errno);

const UNIQUE_VIOLATION = '23505';

/** Whether a statement failed because of a unique index, and left no trace. */
export const hasCollided = (error: unknown, index: string): boolean =>
  error instanceof SQL.PostgresError &&
  error.errno === UNIQUE_VIOLATION &&
  error.constraint === index;

/** The error of a call to the database, as callers of a port know it. */
export const postgresUnavailable = (error: unknown): UnavailableError =>
  error instanceof UnavailableError
    ? error
    : new UnavailableError(
        `the database failed: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      );
