import { Database } from 'bun:sqlite';
import { expect, test } from 'bun:test';
import { readdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigError, UnavailableError } from '../errors.ts';
import { temporaryFile } from './contract/temporary_engine.ts';
import type { LogEngine } from './engine.ts';

const RECORD = { from: 'Ann', from_id: 'ann', text: 'hello', id: '1' };

const append = (engine: LogEngine, offset: number): Promise<void> => {
  const record = { ...RECORD, id: `${offset}`, offset, prev: offset - 1, timestamp: 1 };
  return engine.append([{ room_id: 1, name: 'lobby', records: [record] }]);
};

/** As after a loss of power: another boot, and nobody has closed the file. */
function crashMachine(path: string): void {
  const database = new Database(path);
  database.run("UPDATE facts SET value = 'another' WHERE name = 'boot'");
  database.run("UPDATE facts SET value = '0' WHERE name = 'closed_cleanly'");
  database.close();
}

for (const [sync, end, isKept] of [
  ['full', 'a stop', true],
  ['full', 'a crash', true],
  ['full', 'a loss of power', true],
  ['normal', 'a stop', true],
  ['normal', 'a crash', true],
  ['normal', 'a loss of power', false],
] as const) {
  test(`sync ${sync}: after ${end} the order goes by ${isKept ? 'the same' : 'a new'} name`, async () => {
    using file = temporaryFile();
    const first = file.engine(sync);
    const start = await first.connect();
    await append(first, 1);
    await first.disconnect(end === 'a stop');
    if (end === 'a loss of power') crashMachine(file.path);
    const second = file.engine(sync);
    const again = await second.connect();
    expect(again.epoch === start.epoch).toBe(isKept);
    expect(await second.findRoom('lobby')).toEqual({ room_id: 1, head: 1 });
    expect(await second.findPublishes([{ room_id: 1, from_id: 'ann', id: '1' }])).toEqual([1]);
    await second.disconnect(true);
  });
}

test('a file belongs to one server at a time', async () => {
  using file = temporaryFile();
  const first = file.engine();
  await first.connect();
  const second = file.engine();
  await expect(second.connect()).rejects.toBeInstanceOf(ConfigError);
  await expect(second.connect()).rejects.toThrow(/in use by another server/);
  await first.disconnect(true);
  await second.connect();
  await second.disconnect(true);
}, 20_000);

test('nobody else can read what people say', async () => {
  using file = temporaryFile();
  const engine = file.engine();
  await engine.connect();
  await append(engine, 1);
  const files = readdirSync(dirname(file.path));
  expect(files.toSorted()).toContain('hubbub.sqlite-wal');
  for (const name of files) {
    expect(statSync(join(dirname(file.path), name)).mode & 0o077).toBe(0);
  }
  await engine.disconnect(true);
});

test('row 31: a locked file refuses, and takes again when it is free', async () => {
  using file = temporaryFile();
  const engine = file.engine();
  await engine.connect();
  const other = new Database(file.path);
  other.run('BEGIN IMMEDIATE');
  await expect(append(engine, 1)).rejects.toBeInstanceOf(UnavailableError);
  other.run('COMMIT');
  other.close();
  await append(engine, 1);
  expect(await engine.findRoom('lobby')).toEqual({ room_id: 1, head: 1 });
  await engine.disconnect(true);
});

test('row 31: a file that is gone is not written to, not made anew, and may come back', async () => {
  using file = temporaryFile();
  const engine = file.engine();
  const { epoch } = await engine.connect();
  await append(engine, 1);
  for (const end of ['', '-wal', '-shm'])
    renameSync(`${file.path}${end}`, `${file.path}.away${end}`);
  await expect(append(engine, 2)).rejects.toBeInstanceOf(UnavailableError);
  await expect(engine.connect()).rejects.toBeInstanceOf(UnavailableError);
  for (const end of ['', '-wal', '-shm']) {
    try {
      renameSync(`${file.path}.away${end}`, `${file.path}${end}`);
    } catch (error) {
      // Whoever closed it last has tidied up after itself.
      expect(end).not.toBe('');
      expect(String(error)).toContain('ENOENT');
    }
  }
  expect(await engine.connect()).toMatchObject({ epoch });
  await append(engine, 2);
  await engine.disconnect(true);
});

test('a room that was forgotten leaves its number to no other', async () => {
  using file = temporaryFile();
  const engine = file.engine();
  await engine.connect();
  await append(engine, 1);
  const step = { records_max: 0, oldest_ms: 2, step_records: 10, isOpen: () => false };
  expect(await engine.prune({ ...step, after_room_id: 0 })).toEqual({ room_id: 1, deleted: 1 });
  expect(await engine.findRoom('lobby')).toBeUndefined();
  expect((await engine.connect()).room_id_max).toBe(1);
  await engine.disconnect(true);
});
