import { afterAll, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { HubbubClient } from '../client/index.ts';
import { ask } from '../scripts/image/command.ts';
import { Container, freePort, removeContainers } from '../scripts/image/container.ts';
import { podman } from '../scripts/image/engine.ts';
import { basesOf } from '../scripts/image/stand_ins.ts';
import type { ServerStats } from '../server/telemetry/stats.ts';
import { eventually } from './support/eventually.ts';
import { requires } from './support/requires.ts';

/** `Dockerfile.bun`, built and run without a Docker daemon and without pulling anything. */

const IMAGE = 'localhost/hubbub-test';
const BUN = '/usr/local/bin/bun';
const NOBODY = 65_532;
/** A compiler, a toolchain and all dependencies are fetched when the machine has never built it. */
const BUILD_MS_MAX = 15 * 60_000;
const TEST_MS_MAX = 120_000;

const whenPossible = requires('buildah', 'mmdebstrap', 'podman', 'runc');

let started: Promise<Container> | undefined;

/** One for all tests; the first builds the image. */
function container(): Promise<Container> {
  started ??= (async () => {
    await podman.build(IMAGE, 'debian');
    return Container.start(podman, {
      image: IMAGE,
      port: await freePort(),
      cpus: '1',
      memory: '256m',
      serverFlags: ['--reconnect-jitter-ms', '100'],
    });
  })();
  return started;
}

afterAll(removeContainers);

test('the bases of a Dockerfile are what it does not make itself', () => {
  const dockerfile = 'FROM debian:12 AS one\nRUN true\nfrom one as two\nFROM scratch/thing\n';
  expect(basesOf(dockerfile)).toEqual(['debian:12', 'scratch/thing']);
});

whenPossible(
  'the image is built, and becomes healthy with a read-only root',
  async () => {
    const { http } = await container();
    const health = await (await fetch(`${http}/healthz`)).json();
    expect(health).toEqual({ status: 'ok', hub: 'native' });
  },
  BUILD_MS_MAX,
);

whenPossible(
  'the server is nobody, has no privileges, and writes to the data volume alone',
  async () => {
    const running = await container();
    const status = readFileSync(`/proc/${await running.pid()}/status`, 'utf8');
    expect(status).toMatch(new RegExp(`^Uid:(\\t${NOBODY}){4}$`, 'm'));
    expect(status).toMatch(/^CapEff:\t0+$/m);
    const script = `
      const { readdirSync, statSync, writeFileSync } = require('node:fs');
      const tryTo = (path) => { try { writeFileSync(path, ''); return 'written'; } catch (error) { return error.code; } };
      const files = readdirSync('/data');
      const { uid, mode } = statSync('/data/session.secret');
      console.log(JSON.stringify({
        data: files.filter((name) => !/-(wal|shm|journal)$/.test(name)).sort(), uid, mode: mode & 0o777,
        readable: files.filter((name) => (statSync('/data/' + name).mode & 0o077) !== 0),
        root: tryTo('/x'), program: tryTo('/hubbub/x'),
      }));`;
    expect(JSON.parse(await running.exec(BUN, '-e', script))).toEqual({
      data: ['hubbub.sqlite', 'hubbub.sqlite.lock', 'session.secret'],
      uid: NOBODY,
      mode: 0o600,
      readable: [],
      root: 'EROFS',
      program: 'EROFS',
    });
  },
  TEST_MS_MAX,
);

whenPossible(
  'the image holds what the server runs, and neither a shell, nor tests, nor tools',
  async () => {
    const running = await container();
    const script = `
      const { existsSync } = require('node:fs');
      const files = [...new Bun.Glob('**/*.test.ts').scanSync('/hubbub/server')];
      const tools = ['/bin/sh', '/usr/bin/apt-get', '/hubbub/node_modules/typescript', '/hubbub/native', '/hubbub/bench'];
      console.log(JSON.stringify([...files, ...tools.filter((path) => existsSync(path))]));`;
    expect(JSON.parse(await running.exec(BUN, '-e', script))).toEqual([]);
  },
  TEST_MS_MAX,
);

whenPossible(
  "the data folder is the server's before a volume lies over it",
  async () => {
    await container();
    // Podman gives a new volume to the user; Docker takes the owner that the image has there.
    const bare = ['--rm', '--image-volume', 'ignore', ...podman.runFlags(0), '--entrypoint', BUN];
    const script = "console.log(require('node:fs').statSync('/data').uid)";
    const run = [...podman.command, 'run', ...bare, IMAGE, '-e', script];
    expect(await ask(run, TEST_MS_MAX)).toBe(String(NOBODY));
  },
  TEST_MS_MAX,
);

whenPossible(
  'one worker serves where the quota is one processor, and two people chat',
  async () => {
    const { http, port } = await container();
    const stats = (await (await fetch(`${http}/stats`)).json()) as ServerStats;
    expect(stats.workers).toHaveLength(1);
    const [ann, bob] = ['ann', 'bob'].map(
      (name) => new HubbubClient({ url: `ws://127.0.0.1:${port}/ws`, name }),
    );
    if (ann === undefined || bob === undefined) throw new Error('nobody came');
    const heard: string[] = [];
    bob.on('message', ({ from, text }) => heard.push(`${from}: ${text}`));
    for (const client of [ann, bob]) {
      await client.connect();
      await client.join('lobby');
    }
    await ann.send('lobby', 'hello out there');
    await eventually('bob hears ann', () => heard.length > 0);
    expect(heard).toEqual(['ann: hello out there']);
    for (const client of [ann, bob]) await client.close();
  },
  TEST_MS_MAX,
);

whenPossible(
  'the health check passes, and fails when the server hangs',
  async () => {
    const running = await container();
    const check = await running.healthcheck();
    expect(await running.exec(...check)).toContain('"status":"ok"');
    const pid = await running.pid();
    process.kill(pid, 'SIGSTOP');
    try {
      await expect(running.exec(...check)).rejects.toThrow('Timeout');
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    expect(await running.exec(...check)).toContain('"status":"ok"');
  },
  TEST_MS_MAX,
);

whenPossible(
  'SIGTERM reaches the server: it sends its client away and exits 0',
  async () => {
    const running = await container();
    const closed = Promise.withResolvers<number>();
    const joined = Promise.withResolvers<void>();
    const socket = new WebSocket(`ws://127.0.0.1:${running.port}/ws?room=lobby`);
    socket.onmessage = ({ data }) => {
      if (JSON.parse(String(data)).type === 'joined') joined.resolve();
    };
    socket.onclose = ({ code }) => closed.resolve(code);
    await joined.promise;
    expect(await running.stop()).toBe(0);
    expect(await closed.promise).toBe(1012);
    expect(await running.logs()).toContain('"signal":"SIGTERM"');
  },
  TEST_MS_MAX,
);
