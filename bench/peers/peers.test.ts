import { describe, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Need, requires } from '../../tests/support/requires.ts';
import { UsageError } from '../command/options.ts';
import { breachesOf } from '../contract/conformance.ts';
import { RULES } from '../contract/rules.ts';
import { buildPeer, missingFor } from './build.ts';
import { conform } from './conform.ts';
import { PEERS, type Peer } from './peers.ts';
import { startPeer } from './start.ts';

const NEEDS: Readonly<Record<string, Need>> = { go: 'golang', node: 'nodejs' };
const BUILD_AND_CHECK_MS = 300_000;

/** Toolchains that Debian does not have, or not new enough: `bun run bench peers` checks those peers. */
const ELSEWHERE = ['cargo'];

const needsOf = ({ toolchain }: Peer): Need[] => {
  if (toolchain === undefined) return [];
  const need = NEEDS[toolchain];
  if (need === undefined) throw new Error(`needs.json does not know ${toolchain}`);
  return [need];
};

const tested = PEERS.filter(({ toolchain = '' }) => !ELSEWHERE.includes(toolchain));

describe.each(tested.map((peer) => [peer.name, peer] as const))('%s', (_, peer) => {
  requires(...needsOf(peer))(
    'keeps every rule of the contract',
    async () => {
      await buildPeer(peer);
      const verdicts = await conform(peer);
      expect(breachesOf(verdicts)).toEqual([]);
      const kept = verdicts.filter(({ outcome }) => outcome === 'kept').map(({ rule }) => rule);
      expect(kept.toSorted()).toEqual(Object.keys(RULES).toSorted() as typeof kept);
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

test('a build that fails says what went wrong', async () => {
  const build = [process.execPath, '-e', 'console.error("no luck"); process.exit(3)'];
  await expect(buildPeer({ ...bare, build })).rejects.toThrow('cannot be built:\nno luck');
});

test('a peer that ends instead of listening is no mystery', async () => {
  const command = [process.execPath, '-e', 'console.error("port taken")'];
  await expect(startPeer({ ...bare, command })).rejects.toThrow('port taken');
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
