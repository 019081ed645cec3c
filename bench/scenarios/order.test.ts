import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { drawSeed, interleaved, SEED_SPAN } from './order.ts';

const subjects = fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 20 });
const runs = fc.integer({ min: 1, max: 20 });
const seeds = fc.integer({ min: 0, max: SEED_SPAN - 1 });

test('each round holds every subject once, and places are counted through', () => {
  fc.assert(
    fc.property(subjects, runs, seeds, (names, count, seed) => {
      const turns = interleaved(names, count, seed);
      expect(turns.map(({ order }) => order)).toEqual([...turns.keys()]);
      for (let run = 0; run < count; run += 1) {
        const round = turns.slice(run * names.length, (run + 1) * names.length);
        expect(round.map(({ subject }) => subject).toSorted()).toEqual(names.toSorted());
        expect(new Set(round.map((turn) => turn.run))).toEqual(new Set([run]));
      }
    }),
  );
});

test('the same seed gives the same order', () => {
  fc.assert(
    fc.property(subjects, runs, seeds, (names, count, seed) => {
      expect(interleaved(names, count, seed)).toEqual(interleaved(names, count, seed));
    }),
  );
});

test('a seed that somebody has noted still means the same order', () => {
  const order = interleaved(['a', 'b', 'c', 'd'], 3, 42).map(({ subject }) => subject);
  expect(order.join('')).toBe('badcacbdcbad');
});

test('over many seeds every subject is in every place about as often', () => {
  const names = ['a', 'b', 'c', 'd'];
  const times = 4_000;
  const seen = new Map<string, number>();
  for (let seed = 0; seed < times; seed += 1) {
    for (const [place, { subject }] of interleaved(names, 1, seed).entries()) {
      const key = `${subject} at ${place}`;
      seen.set(key, (seen.get(key) ?? 0) + 1);
    }
  }
  expect(seen.size).toBe(names.length ** 2);
  // A thousand each, with a standard deviation of 27: six of them on either side.
  for (const count of seen.values())
    expect(Math.abs(count - times / names.length)).toBeLessThan(165);
});

test('rounds have orders of their own, and seeds that are drawn differ', () => {
  const names = [...'abcdefghij'];
  const turns = interleaved(names, 10, 1).map(({ subject }) => subject);
  const rounds = Array.from({ length: 10 }, (_, run) =>
    turns.slice(run * 10, run * 10 + 10).join(),
  );
  expect(new Set(rounds).size).toBe(10);
  expect(new Set(Array.from({ length: 100 }, drawSeed)).size).toBeGreaterThan(90);
});
