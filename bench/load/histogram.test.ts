import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { Histogram } from './histogram.ts';

const VALUE_MAX = 2 ** 31 - 1;
/** The width of a bucket, relative to its values. */
const PRECISION = 1 / 128;

const values = fc.array(
  fc.oneof(fc.nat(300), fc.nat(100_000), fc.nat(VALUE_MAX), fc.constantFrom(255, 256, 511, 512)),
  { minLength: 1, maxLength: 400 },
);
const percents = fc.oneof(
  fc.constantFrom(0.001, 50, 90, 99, 99.9, 100),
  fc.double({ min: 0.001, max: 100, noNaN: true }),
);

const recorded = (numbers: readonly number[]): Histogram => {
  const histogram = new Histogram();
  for (const number of numbers) histogram.record(number);
  return histogram;
};

const exactPercentile = (numbers: readonly number[], percent: number): number =>
  numbers.toSorted((a, b) => a - b)[Math.max(1, Math.ceil((numbers.length * percent) / 100)) - 1] ??
  Number.NaN;

test('a percentile is never below the exact one, and above it by less than a bucket', () => {
  fc.assert(
    fc.property(values, percents, (numbers, percent) => {
      const exact = exactPercentile(numbers, percent);
      const told = recorded(numbers).percentile(percent);
      expect(told).toBeGreaterThanOrEqual(exact);
      expect(told - exact).toBeLessThanOrEqual(exact * PRECISION);
    }),
  );
});

test('values below 256 are exact', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(255), { minLength: 1 }), percents, (numbers, percent) => {
      expect(recorded(numbers).percentile(percent)).toBe(exactPercentile(numbers, percent));
    }),
  );
});

test('count, mean, least and most are exact', () => {
  fc.assert(
    fc.property(values, (numbers) => {
      const histogram = recorded(numbers);
      expect(histogram.count).toBe(numbers.length);
      expect(histogram.min).toBe(Math.min(...numbers));
      expect(histogram.max).toBe(Math.max(...numbers));
      const sum = numbers.reduce((total, number) => total + number, 0);
      expect(histogram.mean).toBe(sum / numbers.length);
    }),
  );
});

test('histograms of parts, over JSON, add up to the histogram of the whole', () => {
  fc.assert(
    fc.property(fc.array(values, { maxLength: 5 }), (parts) => {
      const whole = recorded(parts.flat()).snapshot();
      const snapshots = parts.map((part) => JSON.parse(JSON.stringify(recorded(part).snapshot())));
      const added = Histogram.of(snapshots);
      if (parts.length > 0) expect(added.snapshot()).toEqual(whole);
      expect(added.count).toBe(parts.flat().length);
    }),
  );
});

test('fractions are cut, and what lies outside the range is counted at its end', () => {
  const histogram = recorded([1.9, -5, 2 ** 40]);
  expect([histogram.min, histogram.percentile(50), histogram.max]).toEqual([0, 1, VALUE_MAX]);
});

test('an empty histogram answers zeros', () => {
  const { count, mean, min, max } = new Histogram();
  expect([count, mean, min, max, new Histogram().percentile(99)]).toEqual([0, 0, 0, 0, 0]);
});
