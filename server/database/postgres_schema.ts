/**
 * The tables of a PostgreSQL database, as the steps that lead from one version to the next. Steps that
 * have been released are never changed.
 *
 * What people choose is kept as the bytes of its UTF-8: `text` cannot hold U+0000, and orders by the
 * database's locale. `convert_from(text, 'UTF8')` makes it readable.
 */
export const POSTGRES_MIGRATIONS: readonly (readonly string[])[] = [
  [
    'CREATE TABLE hubbub_facts (name text PRIMARY KEY, value text NOT NULL)',
    `CREATE TABLE hubbub_rooms (
      room_id bigint PRIMARY KEY,
      name bytea NOT NULL UNIQUE,
      head bigint NOT NULL
    )`,
    `CREATE TABLE hubbub_records (
      room_id bigint NOT NULL,
      record_offset bigint NOT NULL,
      timestamp_ms bigint NOT NULL,
      from_name bytea NOT NULL,
      from_id bytea NOT NULL,
      text bytea NOT NULL,
      publish_id bytea,
      PRIMARY KEY (room_id, record_offset)
    )`,
    `CREATE UNIQUE INDEX hubbub_records_by_publish
      ON hubbub_records (room_id, from_id, publish_id) WHERE publish_id IS NOT NULL`,
    `CREATE TABLE hubbub_users (
      user_id bytea PRIMARY KEY,
      username bytea NOT NULL,
      created_at_ms bigint NOT NULL,
      disabled boolean NOT NULL
    )`,
    `CREATE TABLE hubbub_sessions (
      token_hash bytea PRIMARY KEY,
      user_id bytea NOT NULL REFERENCES hubbub_users (user_id),
      created_at_ms bigint NOT NULL,
      expires_at_ms bigint NOT NULL,
      revoked_at_ms bigint
    )`,
    'CREATE INDEX hubbub_sessions_by_user ON hubbub_sessions (user_id, token_hash)',
    'CREATE INDEX hubbub_sessions_by_expiry ON hubbub_sessions (expires_at_ms)',
    `CREATE TABLE hubbub_revocations (
      sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      kind text NOT NULL,
      subject bytea NOT NULL,
      revoked_at_ms bigint NOT NULL,
      expires_at_ms bigint NOT NULL
    )`,
    'CREATE INDEX hubbub_revocations_by_expiry ON hubbub_revocations (expires_at_ms)',
  ],
];
