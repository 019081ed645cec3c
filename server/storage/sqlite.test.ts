import { Database } from 'bun:sqlite';
import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, UnavailableError } from '../errors.ts';
import { describeStorageContract } from './contract.ts';
import { SqliteStorage } from './sqlite.ts';

const USER = { user_id: 'ann', username: 'Ann', created_at_ms: 1, disabled: false };

const makeFolder = (): string => mkdtempSync(join(tmpdir(), 'hubbub-storage-'));

describeStorageContract('sqlite', () => {
  const folder = makeFolder();
  return {
    storage: new SqliteStorage({ path: join(folder, 'hubbub.sqlite'), sync: 'normal' }),
    dispose: async () => rmSync(folder, { recursive: true }),
  };
});

test('what was stored is there after a stop, in a folder that was made for it', async () => {
  const folder = makeFolder();
  const path = join(folder, 'deeper', 'hubbub.sqlite');
  const first = new SqliteStorage({ path, sync: 'full' });
  await first.createUser(USER);
  await first.stop();
  const second = new SqliteStorage({ path, sync: 'full' });
  expect(await second.getUser('ann')).toEqual(USER);
  await second.stop();
  rmSync(folder, { recursive: true });
});

test('tables of a newer version are refused, and left alone', async () => {
  const folder = makeFolder();
  const path = join(folder, 'hubbub.sqlite');
  await new SqliteStorage({ path, sync: 'full' }).stop();
  const database = new Database(path);
  database.run('PRAGMA user_version = 99');
  expect(() => new SqliteStorage({ path, sync: 'full' })).toThrow(ConfigError);
  expect(() => new SqliteStorage({ path, sync: 'full' })).toThrow(/version 99/);
  expect(database.query('PRAGMA user_version').get()).toEqual({ user_version: 99 });
  database.close();
  rmSync(folder, { recursive: true });
});

test('row 31: a locked database is an UnavailableError, and answers again when it is free', async () => {
  const folder = makeFolder();
  const path = join(folder, 'hubbub.sqlite');
  const storage = new SqliteStorage({ path, sync: 'full' });
  const other = new Database(path);
  other.run('BEGIN IMMEDIATE');
  await expect(storage.createUser(USER)).rejects.toBeInstanceOf(UnavailableError);
  other.run('ROLLBACK');
  expect(await storage.createUser(USER)).toBe(true);
  other.close();
  await storage.stop();
  rmSync(folder, { recursive: true });
});
