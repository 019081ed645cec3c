/**
 * The tables of a SQLite database, as the steps that lead from one version to the next: a database
 * stands at the version that says how many of them it has been through. Steps that have been released
 * are never changed.
 */
export const SQLITE_MIGRATIONS: readonly (readonly string[])[] = [
  [
    'CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID, STRICT',
    `CREATE TABLE rooms (
      room_id INTEGER PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      head INTEGER NOT NULL
    ) STRICT`,
    `CREATE TABLE records (
      room_id INTEGER NOT NULL,
      record_offset INTEGER NOT NULL,
      timestamp_ms INTEGER NOT NULL,
      from_name TEXT NOT NULL,
      from_id TEXT NOT NULL,
      text TEXT NOT NULL,
      publish_id TEXT,
      PRIMARY KEY (room_id, record_offset)
    ) WITHOUT ROWID, STRICT`,
    `CREATE UNIQUE INDEX records_by_publish ON records (room_id, from_id, publish_id)
      WHERE publish_id IS NOT NULL`,
    `CREATE TABLE users (
      user_id TEXT PRIMARY KEY,
      username TEXT NOT NULL,
      created_at_ms INTEGER NOT NULL,
      disabled INTEGER NOT NULL
    ) WITHOUT ROWID, STRICT`,
    `CREATE TABLE sessions (
      token_hash TEXT PRIMARY KEY,
      user_id TEXT NOT NULL REFERENCES users (user_id),
      created_at_ms INTEGER NOT NULL,
      expires_at_ms INTEGER NOT NULL,
      revoked_at_ms INTEGER
    ) WITHOUT ROWID, STRICT`,
    'CREATE INDEX sessions_by_user ON sessions (user_id, token_hash)',
    'CREATE INDEX sessions_by_expiry ON sessions (expires_at_ms)',
    `CREATE TABLE revocations (
      sequence INTEGER PRIMARY KEY AUTOINCREMENT,
      kind TEXT NOT NULL,
      subject TEXT NOT NULL,
      revoked_at_ms INTEGER NOT NULL,
      expires_at_ms INTEGER NOT NULL
    ) STRICT`,
    'CREATE INDEX revocations_by_expiry ON revocations (expires_at_ms)',
  ],
];
