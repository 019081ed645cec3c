import { expect, test } from 'bun:test';
import { type MadeUp, madeUpRun } from './made_up_runs.ts';
import { differenceOf, pairsOf, ratioOf } from './pairs.ts';
import { measureRounds, type Run } from './rounds.ts';

const quiet = (): void => undefined;
const NOISE = { void_reasons: ['others kept a core busy'] };

/** Servers that do in their nth run what is written for it, and a good run behind that. */
function serversOf(stories: Readonly<Record<string, readonly MadeUp[]>>): {
  readonly ran: string[];
  readonly runs: readonly Run[];
} {
  const ran: string[] = [];
  const runs = Object.entries(stories).map(([name, story]) => {
    const left = [...story];
    return async () => {
      ran.push(name);
      return madeUpRun(name, left.shift());
    };
  });
  return { ran, runs };
}

test('servers take turns, each round in the opposite direction, and keep their places', async () => {
  const { ran, runs } = serversOf({ a: [], b: [], c: [] });
  const { rounds, problems } = await measureRounds(3, runs, quiet);
  expect(ran.join('')).toBe('abccbaabc');
  expect(problems).toEqual([]);
  for (const round of rounds) expect(round.map(({ server }) => server)).toEqual(['a', 'b', 'c']);
});

test('a round with a run that does not count is repeated, and its good runs are still pairs', async () => {
  const { runs } = serversOf({ a: [], b: [{}, NOISE], c: [] });
  const { rounds, problems } = await measureRounds(3, runs, quiet);
  expect(problems).toEqual([]);
  expect(rounds).toHaveLength(4);
  expect(pairsOf(rounds, 1, 0)).toHaveLength(3);
  expect(pairsOf(rounds, 2, 0)).toHaveLength(4);
});

test('a server whose runs never count keeps nobody waiting for ever, and is named', async () => {
  const { runs } = serversOf({ a: [], b: Array.from({ length: 9 }, () => NOISE) });
  const { rounds, problems } = await measureRounds(2, runs, quiet);
  expect(rounds).toHaveLength(4);
  expect(pairsOf(rounds, 1, 0)).toEqual([]);
  expect(problems).toEqual(['b: 4 of 4 runs do not count: others kept a core busy']);
});

test('a fault is told, however good the other runs are', async () => {
  const { runs } = serversOf({ a: [], b: [{}, { faults: ['3 lost'] }] });
  const { rounds, problems } = await measureRounds(2, runs, quiet);
  expect(rounds).toHaveLength(2);
  expect(problems).toEqual(['b: 3 lost']);
});

test('ratios and differences are taken within a round', async () => {
  const { runs } = serversOf({
    a: [
      { cpu_ms: 1_000, latency_ms: 4 },
      { cpu_ms: 2_000, latency_ms: 6 },
      { cpu_ms: 4_000, latency_ms: 5 },
    ],
    b: [
      { cpu_ms: 1_100, latency_ms: 5 },
      { cpu_ms: 2_400, latency_ms: 6 },
      { cpu_ms: 5_200, latency_ms: 7 },
    ],
  });
  const pairs = pairsOf((await measureRounds(3, runs, quiet)).rounds, 1, 0);
  const cpu = ratioOf(pairs, ({ figures }) => figures.cpu_us_per_delivery);
  expect(cpu.median).toBeCloseTo(1.2, 9);
  expect([cpu.min, cpu.max]).toEqual([expect.closeTo(1.1, 9), expect.closeTo(1.3, 9)]);
  expect(differenceOf(pairs, ({ figures }) => figures.latency_p50_ms).median).toBeCloseTo(1, 1);
});
