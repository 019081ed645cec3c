import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { Random } from './random.ts';

test('a seed repeats its decisions, a name has its own', () => {
  const draw = (random: Random) => Array.from({ length: 20 }, () => random.between(1, 6));
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const draws = draw(new Random(seed));
      expect(draws.every((eyes) => Number.isInteger(eyes) && eyes >= 1 && eyes <= 6)).toBe(true);
      expect(draw(new Random(seed))).toEqual(draws);
      expect(draw(Random.named(seed, 'red'))).toEqual(draw(Random.named(seed, 'red')));
      expect(draw(Random.named(seed, 'red'))).not.toEqual(draw(Random.named(seed, 'blue')));
    }),
  );
});

test('chance comes as often as it says', () => {
  const random = new Random(7);
  const hits = (probability: number) =>
    Array.from({ length: 20_000 }, () => random.chance(probability)).filter(Boolean).length /
    20_000;
  expect(hits(0)).toBe(0);
  expect(hits(1)).toBe(1);
  expect(Math.abs(hits(0.3) - 0.3)).toBeLessThan(0.02);
});
