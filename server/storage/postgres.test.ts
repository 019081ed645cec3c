import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { SQL } from 'bun';
import { type PostgresServer, startPostgres } from '../../tests/support/postgres.ts';
import { requires } from '../../tests/support/requires.ts';
import { ConfigError, UnavailableError } from '../errors.ts';
import { describeStorageContract } from './contract.ts';
import { PostgresStorage } from './postgres.ts';

const START_MS_MAX = 60_000;
const USER = { user_id: 'ann', username: 'Ann', created_at_ms: 1, disabled: false };

const declare = requires('postgresql');
if (declare === test) describe('over PostgreSQL', testStorage);
else declare('storage contract: postgres', () => undefined);

function testStorage(): void {
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

  describeStorageContract('postgres', async () => {
    const storage = new PostgresStorage(server.url);
    await storage.start();
    await sql`TRUNCATE hubbub_sessions, hubbub_users, hubbub_revocations`;
    return { storage, dispose: () => Promise.resolve() };
  });

  test('tables of a newer version are refused, and left alone', async () => {
    const first = new PostgresStorage(server.url);
    await first.start();
    await first.stop();
    await sql`UPDATE hubbub_schema SET version = version + 98`;
    const storage = new PostgresStorage(server.url);
    await expect(storage.start()).rejects.toBeInstanceOf(ConfigError);
    await expect(storage.start()).rejects.toThrow(/version 99/);
    await storage.stop();
    await sql`UPDATE hubbub_schema SET version = version - 98`;
  });

  test('two that start at once on an empty database do not get in each other’s way', async () => {
    await sql`DROP SCHEMA public CASCADE`;
    await sql`CREATE SCHEMA public`;
    const both = [new PostgresStorage(server.url), new PostgresStorage(server.url)];
    await Promise.all(both.map((storage) => storage.start()));
    const created = await Promise.all(both.map((storage) => storage.createUser(USER)));
    expect(created.sort()).toEqual([false, true]);
    await Promise.all(both.map((storage) => storage.stop()));
  });

  test(
    'row 31: without the server it is an UnavailableError, and answers again by itself',
    async () => {
      const storage = new PostgresStorage(server.url);
      await storage.start();
      await server.stop();
      await expect(storage.getUser('ann')).rejects.toBeInstanceOf(UnavailableError);
      await server.start();
      expect(await storage.getUser('bob')).toBeUndefined();
      await storage.stop();
    },
    START_MS_MAX,
  );

  test('an address that is none is refused', () => {
    expect(() => new PostgresStorage('localhost')).toThrow(ConfigError);
  });
}
