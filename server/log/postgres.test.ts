import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { SQL } from 'bun';
import { type PostgresServer, startPostgres } from '../../tests/support/postgres.ts';
import { requires } from '../../tests/support/requires.ts';
import { ConfigError, UnavailableError } from '../errors.ts';
import { connectEngine } from './contract/engine_harness.ts';
import { describeLogContract } from './contract.ts';
import { PostgresEngine } from './postgres.ts';

const TRAITS = {
  epoch_after_close: 'kept',
  answers: 'always',
  ids_remembered: 'at least',
  queue: 'bounded',
} as const;

const TABLES = ['facts', 'rooms', 'records', 'sessions', 'users', 'revocations'];
const START_MS_MAX = 60_000;

const declare = requires('postgresql');
if (declare === test) describe('over PostgreSQL', testContract);
else declare('log contract: postgres', () => undefined);

function testContract(): void {
  let server: PostgresServer;
  let sql: SQL;

  beforeAll(async () => {
    server = await startPostgres();
    sql = new SQL(server.url, { max: 1 });
  }, START_MS_MAX);

  afterAll(async () => {
    await sql.close({ timeout: 0 });
    await server[Symbol.asyncDispose]();
  });

  /** As after a first start. */
  const empty = async (): Promise<void> => {
    const names = TABLES.map((name) => `hubbub_${name}`).join(', ');
    const [row] = await sql`SELECT to_regclass('hubbub_facts') AS known`;
    if (row.known !== null) await sql.unsafe(`TRUNCATE ${names}`);
  };

  describeLogContract('postgres', TRAITS, async (sink, { queue_max }) => {
    await empty();
    const engine = new PostgresEngine(server.url);
    return connectEngine(engine, sink, { log_queue_records_max: queue_max });
  });

  test(
    'a second node is refused while the first one is there, also after the first has lost its connection',
    async () => {
      await empty();
      const first = new PostgresEngine(server.url);
      await first.connect();
      const second = new PostgresEngine(server.url);
      await expect(second.connect()).rejects.toBeInstanceOf(ConfigError);
      await sql`SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'`;
      const record = { from: 'Ann', from_id: 'ann', text: 'hi', offset: 1, prev: 0, timestamp: 1 };
      const rooms = [{ room_id: 1, name: 'lobby', records: [record] }];
      await second.connect();
      await expect(first.append(rooms)).rejects.toThrow();
      await expect(first.connect()).rejects.toBeInstanceOf(UnavailableError);
      await second.append(rooms);
      await Promise.all([first.disconnect(), second.disconnect()]);
    },
    START_MS_MAX,
  );
}
