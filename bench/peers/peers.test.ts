import { describe, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Need, requires } from '../../tests/support/requires.ts';
import { UsageError } from '../command/options.ts';
import { breachesOf } from '../contract/conformance.ts';
import { DIALECTS } from '../contract/dialects.ts';
import { RULES } from '../contract/rules.ts';
import { LoadClient } from '../load/client.ts';
import { NativeLoadEngine } from '../load/engine.ts';
import { buildEngine } from '../load/engine_build.ts';
import type { TrafficReport } from '../load/port.ts';
import { buildPeer, missingFor } from './build.ts';
import { conform } from './conform.ts';
import type { Mode, Peer } from './peer.ts';
import { PEERS } from './peers.ts';
import { type PeerOptions, type RunningPeer, startPeer } from './start.ts';

const NEEDS: Readonly<Record<string, Need>> = {
  go: 'golang',
  node: 'nodejs',
  python3: 'python-venv',
};
const BUILD_AND_CHECK_MS = 300_000;
const DELIVERY_BYTES = 250;
const MEMBERS = 5;
const RATE = 1_000;

/** Programs that Debian does not have, or not new enough: `bun run bench peers` checks those peers. */
const ELSEWHERE = ['cargo', 'centrifugo'];

const needsOf = ({ toolchain }: Peer): Need[] => {
  if (toolchain === undefined) return [];
  const need = NEEDS[toolchain];
  if (need === undefined) throw new Error(`needs.json does not know ${toolchain}`);
  return [need];
};

const flagsOf = (mode: Mode | undefined): PeerOptions =>
  mode === undefined ? {} : { mode, window_ms: 20 };

const CROWD = { members: MEMBERS, rooms: 1, timeout_ms: 10_000 };
const TRAFFIC = { rate: RATE, senders: MEMBERS, payload_bytes: 128, warmup_ms: 0 };

/** Half a second of traffic: by the native engine where the peer does not speak the contract's JSON. */
async function loadFor(peer: Peer, { pid, port }: RunningPeer): Promise<TrafficReport> {
  const target = { hostname: '127.0.0.1', port, path: peer.path ?? '/ws' };
  const traffic = { ...TRAFFIC, duration_ms: 500, server_pid: pid };
  const { encoding } = peer;
  if (encoding === undefined) {
    const client = new LoadClient();
    await client.connect({ ...CROWD, target });
    const report = await client.run(traffic);
    await client.disconnect();
    return report;
  }
  const engine = new NativeLoadEngine(await buildEngine(), 0);
  try {
    await engine.connect({ ...CROWD, target, encoding });
    return await engine.run(traffic);
  } finally {
    await engine.stop();
  }
}

/** One that a toolchain is too old for counts as elsewhere too. */
const isElsewhere = ({ toolchain = '', since, ...peer }: Peer): boolean =>
  ELSEWHERE.includes(toolchain) ||
  (since !== undefined &&
    Bun.which(toolchain) !== null &&
    missingFor({ ...peer, toolchain, since }) !== undefined);

const tested = PEERS.filter((peer) => !isElsewhere(peer));
const needsOfLoad = (peer: Peer): Need[] =>
  peer.encoding === undefined ? needsOf(peer) : [...needsOf(peer), 'native-addon'];

describe.each(tested.map((peer) => [peer.name, peer] as const))('%s', (_, peer) => {
  requires(...needsOf(peer))(
    'keeps every rule of the contract that its dialect has',
    async () => {
      await buildPeer(peer);
      const verdicts = await conform(peer);
      expect(breachesOf(verdicts)).toEqual([]);
      const { exempt } = DIALECTS[peer.dialect ?? 'peer'];
      const wanted = Object.keys(RULES).filter((rule) => !(rule in exempt));
      const kept = verdicts.filter(({ outcome }) => outcome === 'kept').map(({ rule }) => rule);
      expect(kept.toSorted()).toEqual(wanted.toSorted() as typeof kept);
    },
    BUILD_AND_CHECK_MS,
  );

  requires(...needsOfLoad(peer))(
    'delivers everything once, in one order, at the size asked for, in each of its modes',
    async () => {
      await buildPeer(peer);
      for (const mode of peer.modes.length === 0 ? [undefined] : peer.modes) {
        await using server = await startPeer(peer, {
          delivery_bytes: DELIVERY_BYTES,
          ...flagsOf(mode),
        });
        const { window, ...report } = await loadFor(peer, server);
        expect(report).toMatchObject({
          lost: 0,
          duplicated: 0,
          reordered: 0,
          foreign: 0,
          orders: 1,
        });
        expect(report).toMatchObject({ sent: RATE / 2, deliveries: (RATE / 2) * MEMBERS });
        expect(window.bytes / window.deliveries).toBe(DELIVERY_BYTES);
        if (mode === 'joined') expect(window.deliveries / window.frames).toBeGreaterThan(1);
        else expect(window.deliveries).toBe(window.frames);
        const stats = await fetch(`http://127.0.0.1:${server.port}/stats`);
        const sent = (RATE / 2) * MEMBERS + MEMBERS;
        expect(await stats.json()).toMatchObject({ sent, dropped: 0 });
      }
    },
    BUILD_AND_CHECK_MS,
  );

  const { folder, unitTests } = peer;
  if (unitTests === undefined) return;
  requires(...needsOf(peer))(
    'passes the tests of its parts',
    async () => {
      await buildPeer(peer);
      const child = Bun.spawn([...unitTests], {
        cwd: folder,
        stdout: 'ignore',
        stderr: 'pipe',
        timeout: BUILD_AND_CHECK_MS,
      });
      const [status, said] = await Promise.all([child.exited, child.stderr.text()]);
      expect({ status, said }).toMatchObject({ status: 0 });
    },
    BUILD_AND_CHECK_MS,
  );
});

test.each(PEERS.map((peer) => [peer.name, peer] as const))(
  '%s has a README and a Dockerfile, and the documents name it',
  (name, { folder, profile, stack }) => {
    for (const file of ['README.md', 'Dockerfile'])
      expect(existsSync(join(folder, file))).toBe(true);
    const documents = readFileSync(join(import.meta.dir, '../../docs/benchmarks.md'), 'utf8');
    expect(documents.replaceAll('`', '')).toContain(`| ${name} | ${profile} | ${stack}`);
  },
);

const [bare] = PEERS;
if (bare === undefined) throw new Error('there are peers');

test('a toolchain that is missing is named, with the way to get it', async () => {
  const peer = { ...bare, toolchain: 'no-such-compiler', getIt: 'Ask around.' };
  expect(missingFor(peer)).toBe('no-such-compiler is not installed. Ask around.');
  await expect(buildPeer(peer)).rejects.toThrow(UsageError);
});

test.each([
  ['go version go1.19.8 linux/amd64', '1.25', '1.19.8, it takes 1.25 or later. Ask around.'],
  ['go version go1.9 linux/amd64', '1.10.2', '1.9.0, it takes 1.10.2 or later. Ask around.'],
  ['go version go1.25 linux/amd64', '1.25', undefined],
  ['cargo 1.94.0 (85eff7c80 2026-01-15)', '1.85', undefined],
])('a toolchain that is too old is named, with its version: %s', (says, since, missing) => {
  const folder = mkdtempSync(join(tmpdir(), 'hubbub-toolchain-'));
  const toolchain = join(folder, 'compiler');
  writeFileSync(toolchain, `#!/bin/sh\necho '${says}'\n`, { mode: 0o755 });
  const expected = missing === undefined ? undefined : `${toolchain} is ${missing}`;
  expect(missingFor({ ...bare, toolchain, since, getIt: 'Ask around.' })).toBe(expected);
  rmSync(folder, { recursive: true });
});

test('a build that fails says what went wrong', async () => {
  const build = [process.execPath, '-e', 'console.error("no luck"); process.exit(3)'];
  await expect(buildPeer({ ...bare, build })).rejects.toThrow('cannot be built:\nno luck');
});

test('a peer that ends instead of listening is no mystery', async () => {
  const command = [process.execPath, '-e', 'console.error("port taken")'];
  await expect(startPeer({ ...bare, command })).rejects.toThrow('port taken');
});

test('a peer that starts its server as another process names that one', async () => {
  const log = (fields: object): string =>
    `console.error(JSON.stringify(${JSON.stringify(fields)}))`;
  const stay = 'setInterval(() => {}, 1000); process.on("SIGTERM", () => process.exit())';
  const line = log({ port: 7, pid: 42, msg: 'listening' });
  const command = [process.execPath, '-e', `${stay}; ${line}`];
  await using server = await startPeer({ ...bare, command });
  expect(server).toMatchObject({ port: 7, pid: 42 });
});

test('a peer ends with the block that started it', async () => {
  let pid = 0;
  {
    await using server = await startPeer(bare);
    pid = server.pid;
    expect(existsSync(`/proc/${pid}`)).toBe(true);
  }
  expect(existsSync(`/proc/${pid}`)).toBe(false);
});
