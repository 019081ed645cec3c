import { afterAll, beforeAll, describe, test } from 'bun:test';
import { SQL } from 'bun';
import { type PostgresServer, startPostgres } from '../../tests/support/postgres.ts';
import { requires } from '../../tests/support/requires.ts';
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
}
