import { Database, SQLiteError } from 'bun:sqlite';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigError, UnavailableError } from '../errors.ts';
import { SQLITE_MIGRATIONS } from './sqlite_schema.ts';

export interface SqliteOptions {
  readonly path: string;
  /** `full`: a commit is on the disk. `normal`: it is with the operating system. */
  readonly sync: 'full' | 'normal';
}

/** How long a statement waits for somebody else's lock. It holds up everything behind it. */
const BUSY_TIMEOUT_MS = 1_000;
/** A server that is being replaced may still be on its way out. */
const LOCK_TIMEOUT_MS = 3_000;
/** Pages of 4 KiB that gather in the write-ahead log before a commit moves them. */
const CHECKPOINT_PAGES = 4_000;
/** The end of the write-ahead log is cut off after it has grown past this once. */
const WAL_BYTES_MAX = 64 * 1_024 * 1_024;

/**
 * Opens a database and brings its tables up to date.
 * @param create whether a missing file is made, folder included
 * @throws UnavailableError when it cannot be opened, is locked, or is missing
 * @throws ConfigError when its tables are of a version this server does not know
 */
export function openSqlite({ path, sync }: SqliteOptions, create: boolean): Database {
  if (create) makeFile(path);
  let database: Database | undefined;
  try {
    database = new Database(path, { create, readwrite: true, strict: true });
    database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    database.run('PRAGMA journal_mode = WAL');
    database.run(`PRAGMA synchronous = ${sync === 'full' ? 'FULL' : 'NORMAL'}`);
    database.run(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    database.run(`PRAGMA journal_size_limit = ${WAL_BYTES_MAX}`);
    database.run('PRAGMA foreign_keys = ON');
    migrate(database, path);
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof ConfigError) throw error;
    throw unavailable('the database cannot be opened', error);
  }
}

/**
 * Makes a database this process's own until what is returned is closed, or the process ends, however it
 * does. Two servers would each give out the same offsets.
 * @throws ConfigError when another process has it
 * @throws UnavailableError when there is no place for the lock
 */
export function lockSqlite(path: string): Database {
  makeFile(`${path}.lock`);
  let lock: Database | undefined;
  try {
    lock = new Database(`${path}.lock`, { create: true, readwrite: true });
    lock.run(`PRAGMA busy_timeout = ${LOCK_TIMEOUT_MS}`);
    lock.run('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock?.close();
    if (error instanceof SQLiteError && error.code === 'SQLITE_BUSY') {
      const message = `${path} is in use by another server; choose another --data-dir.`;
      throw new ConfigError(message, { cause: error });
    }
    throw unavailable('the database cannot be locked', error);
  }
}

/** The error of a call to the database, as callers of a port know it. */
export const unavailable = (what: string, error: unknown): UnavailableError =>
  new UnavailableError(`${what}: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  });

/** Does all of it or nothing, and holds the only writer's lock meanwhile. @throws what `run` throws */
export function inTransaction<T>(database: Database, run: () => T): T {
  database.run('BEGIN IMMEDIATE');
  try {
    const result = run();
    database.run('COMMIT');
    return result;
  } catch (error) {
    // Some failures have ended the transaction already.
    if (database.inTransaction) database.run('ROLLBACK');
    throw error;
  }
}

/** What people say is nobody else's to read: what SQLite puts beside the file gets the same mode. */
function makeFile(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    closeSync(openSync(path, 'a', 0o600));
  } catch (error) {
    throw unavailable('the data folder cannot be written', error);
  }
}

function migrate(database: Database, path: string): void {
  const versionOf = (): number =>
    database.query<{ user_version: number }, []>('PRAGMA user_version').get()?.user_version ?? 0;
  const known = SQLITE_MIGRATIONS.length;
  if (versionOf() === known) return;
  inTransaction(database, () => {
    // Only now nobody else is at it.
    const version = versionOf();
    if (version > known) {
      throw new ConfigError(
        `${path} has tables of version ${version}; this server knows them up to version ${known}. Start the server that wrote them, or a newer one.`,
      );
    }
    for (const statement of SQLITE_MIGRATIONS.slice(version).flat()) database.run(statement);
    database.run(`PRAGMA user_version = ${known}`);
  });
}
