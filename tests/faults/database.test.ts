import { Database } from 'bun:sqlite';
import { expect, test } from 'bun:test';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../../server/config/options.ts';
import { eventually } from '../support/eventually.ts';
import { startPostgres } from '../support/postgres.ts';
import { type ServerProcess, spawnServer } from '../support/process.ts';
import { RawSocket } from '../support/raw_socket.ts';
import { requires } from '../support/requires.ts';

const TEST_DEADLINE_MS = 60_000;
const FILE = 'hubbub.sqlite';

/** A server over a database that somebody takes away and brings back. */
interface Setting {
  readonly server: ServerProcess;
  takeAway(): Promise<void> | void;
  bringBack(): Promise<void> | void;
  dispose(): Promise<void>;
}

async function overSqlite(
  fault: (path: string) => Pick<Setting, 'takeAway' | 'bringBack'>,
): Promise<Setting> {
  const folder = mkdtempSync(join(tmpdir(), 'hubbub-fault-'));
  const server = await spawnServer({ log: 'sqlite', data_dir: folder, rate_limit: 0 });
  return {
    server,
    ...fault(join(folder, FILE)),
    async dispose() {
      await server.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

function locked(path: string) {
  let other: Database | undefined;
  return {
    takeAway() {
      other = new Database(path);
      other.run('BEGIN IMMEDIATE');
    },
    bringBack() {
      other?.run('ROLLBACK');
      other?.close();
    },
  };
}

const gone = (path: string) => ({
  takeAway: () => renameSync(path, `${path}.away`),
  bringBack: () => renameSync(`${path}.away`, path),
});

/** Its data folder is a file system of 8 MB that only it can see. */
async function onSmallDisk(): Promise<Setting> {
  const folder = mkdtempSync(join(tmpdir(), 'hubbub-disk-'));
  const mount = `mount -t tmpfs -o size=8m tmpfs ${folder} && exec "$@"`;
  const server = await spawnServer({ log: 'sqlite', data_dir: folder, rate_limit: 0 }, [
    ...['unshare', '-rm', 'sh', '-c', mount, 'sh'],
  ]);
  const filler = `/proc/${server.pid}/root${folder}/filler`;
  return {
    server,
    takeAway() {
      for (let bytes = 8 * 1_024 * 1_024; bytes >= 1; bytes = Math.floor(bytes / 2)) {
        try {
          writeFileSync(filler, Buffer.alloc(bytes), { flag: 'a' });
        } catch (error) {
          expect(String(error)).toContain('ENOSPC');
        }
      }
    },
    bringBack: () => rmSync(filler),
    async dispose() {
      await server.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

async function overPostgres(fault: 'stopped' | 'frozen' | 'disconnected'): Promise<Setting> {
  const postgres = await startPostgres();
  const options: Partial<Config> = { log: 'postgres', postgres_url: postgres.url, rate_limit: 0 };
  // What is under way when it goes is answered when time is up: nobody can tell what became of it.
  const limits = { log_stall_ms_max: 500, publish_timeout_ms: 1_000 };
  const server = await spawnServer({ ...options, ...limits });
  const faults = {
    stopped: { takeAway: () => postgres.stop('SIGQUIT'), bringBack: () => postgres.start() },
    frozen: { takeAway: () => postgres.freeze(true), bringBack: () => postgres.freeze(false) },
    disconnected: {
      takeAway: () => postgres.allowConnections(false),
      bringBack: () => postgres.allowConnections(true),
    },
  };
  return {
    server,
    ...faults[fault],
    async dispose() {
      await server.stop();
      await postgres[Symbol.asyncDispose]();
    },
  };
}

const SETTINGS = [
  ['row 31: a locked SQLite file', test, () => overSqlite(locked)],
  ['row 31: a SQLite file that is gone', test, () => overSqlite(gone)],
  ['row 31: a full disk', requires('unshare'), onSmallDisk],
  ['row 28: PostgreSQL killed and started', requires('postgresql'), () => overPostgres('stopped')],
  ['row 28: PostgreSQL that says nothing', requires('postgresql'), () => overPostgres('frozen')],
  [
    'row 28: PostgreSQL that throws everybody out',
    requires('postgresql'),
    () => overPostgres('disconnected'),
  ],
] as const;

for (const [name, declare, start] of SETTINGS) {
  declare(
    `${name}: publishes are refused, health says so, the rest goes on, and it ends by itself`,
    async () => {
      const setting = await start();
      const { server } = setting;
      try {
        using member = await RawSocket.join(server.port, 'lobby');
        using publisher = await RawSocket.join(server.port, 'lobby');
        publisher.send({ type: 'message', text: 'before', id: 'before' });
        expect(await publisher.receive('ack')).toMatchObject({ offset: 1 });
        expect(await member.receive('message')).toMatchObject({ text: 'before' });
        expect(await healthOf(server)).toMatchObject({ status: 'ok' });

        await setting.takeAway();
        const refused = await refusedOf(publisher);
        await eventually('health says so', async () => (await healthOf(server)).status !== 'ok');
        expect(await metricsOf(server)).toContain('hubbub_log_up 0\n');
        // Who is connected stays so, newcomers get in, and what the room remembers is read.
        await member.roundTrip();
        using newcomer = await RawSocket.join(server.port, 'lobby');
        newcomer.send({ type: 'history', room: 'lobby' });
        expect(await newcomer.receive('history')).toMatchObject({
          messages: [{ text: 'before', offset: 1 }],
        });

        await setting.bringBack();
        await eventually('health is well', async () => (await healthOf(server)).status === 'ok');
        expect(await metricsOf(server)).toContain('hubbub_log_up 1\n');
        // What was refused has left no trace; what nobody could tell is recognised or was not there.
        const all = ['after', ...refused];
        for (const id of all) {
          publisher.send({ type: 'message', text: id, id });
          await publisher.receive('ack');
        }
        const texts: unknown[] = [];
        while (texts.length < all.length) texts.push((await member.receive('message')).text);
        expect(texts.toSorted()).toEqual(all.toSorted());
        await member.roundTrip();
        expect(member.takeAll().filter(({ type }) => type === 'message')).toEqual([]);
      } finally {
        await setting.dispose();
      }
    },
    TEST_DEADLINE_MS,
  );
}

/** Publishes until one is refused at once because the log accepts nothing. @returns ids without an ack */
async function refusedOf(publisher: RawSocket): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let count = 0; count < 100; count += 1) {
    const id = `during ${count}`;
    ids.push(id);
    // Large enough for a full disk to be one.
    publisher.send({ type: 'message', text: id, id });
    const { code, temporary } = await publisher.receive('error');
    expect(temporary).toBe(true);
    if (code === 'unavailable') return ids;
    expect(code).toBe('unknown_outcome');
  }
  throw new Error('nothing was refused');
}

async function healthOf(server: ServerProcess): Promise<{ readonly status: string }> {
  const response = await fetch(`${server.http}/healthz`);
  expect(response.status).toBe(200);
  return (await response.json()) as { status: string };
}

const metricsOf = async (server: ServerProcess): Promise<string> =>
  (await fetch(`${server.http}/metrics`)).text();

test(
  'row 26: what was accepted before a SIGTERM is acknowledged, stored, and there after the next start',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hubbub-stop-'));
    const options: Partial<Config> = { log: 'sqlite', data_dir: folder, rate_limit: 0 };
    const first = await spawnServer({ ...options, publishes_in_flight_max: 10_000 });
    const publisher = await RawSocket.join(first.port, 'lobby');
    const ids = Array.from({ length: 500 }, (_, index) => `m${index}`);
    publisher.send(...ids.map((id) => ({ type: 'message', text: `text of ${id}`, id })));
    await publisher.receive('ack');
    expect(await first.stop()).toBe(0);
    const acknowledged = publisher.takeAll().filter(({ type }) => type === 'ack').length + 1;
    expect(acknowledged).toBe(500);
    const database = new Database(join(folder, FILE), { readonly: true });
    expect(database.query('SELECT count(*) AS stored FROM records').get()).toEqual({ stored: 500 });
    database.close();
    const second = await spawnServer(options);
    using reader = await RawSocket.join(second.port, 'lobby');
    reader.send({ type: 'history', room: 'lobby', limit: 1 });
    expect(await reader.receive('history')).toMatchObject({ messages: [{ offset: 500 }] });
    await second.stop();
    rmSync(folder, { recursive: true });
  },
  TEST_DEADLINE_MS,
);

test(
  'row 38: neither texts nor the password of the database are in the log, whatever the database does',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hubbub-log-'));
    const server = await spawnServer({ log: 'sqlite', data_dir: folder, log_level: 'debug' });
    using publisher = await RawSocket.join(server.port, 'lobby');
    const other = new Database(join(folder, FILE));
    other.run('BEGIN IMMEDIATE');
    publisher.send({ type: 'message', text: 'a very private word', id: '1' });
    const error = await publisher.receive('error');
    expect(JSON.stringify(error)).not.toContain('database');
    other.run('ROLLBACK');
    other.close();
    await eventually('it is over', async () => (await healthOf(server)).status === 'ok');
    await server.stop();
    expect(server.log()).toContain('the log accepts nothing');
    expect(server.log()).not.toContain('private');
    const url = 'postgres://somebody:a-secret-word@127.0.0.1:1/nothing';
    const start = spawnServer({ log: 'postgres', postgres_url: url, log_level: 'debug' });
    const refused = await start.then(
      () => 'it started',
      (reason: Error) => reason.message,
    );
    expect(refused).toContain('--storage postgres');
    expect(refused).not.toContain('secret-word');
    rmSync(folder, { recursive: true });
  },
  TEST_DEADLINE_MS,
);
