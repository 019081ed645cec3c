import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { Histogram } from '../load/histogram.ts';
import { differenceInterval, medianInterval } from './bootstrap.ts';
import type { Run } from './document.ts';
import { madeUpDocument } from './made_up_document.ts';
import { normalFrom, randomFrom } from './random.ts';
import { fromSnapshot, mergedLatency, summarise, summaryOf, toSnapshot } from './summary.ts';

const [EXAMPLE] = madeUpDocument().subjects[0]?.cases[0]?.runs ?? [];

/** A run with one figure and these latencies. */
function runWith(drop_percent: number, latencies_us: readonly number[] = [], isVoid = false): Run {
  if (EXAMPLE === undefined) throw new Error('no run was made up');
  const latency = new Histogram();
  for (const value of latencies_us) latency.record(value);
  return {
    ...EXAMPLE,
    figures: { drop_percent },
    latency_us: toSnapshot(latency.snapshot()),
    void_reasons: isVoid ? ['the load client used 99 % of its core'] : [],
  };
}

const numbers = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), {
  minLength: 1,
  maxLength: 12,
});

describe('a summary', () => {
  test('has the exact statistics of its values', () => {
    expect(summaryOf([2, 4, 4, 4, 5, 5, 7, 9])).toMatchObject({
      count: 8,
      median: 4.5,
      mean: 5,
      standard_deviation: Math.sqrt(32 / 7),
      min: 2,
      max: 9,
    });
    expect(() => summaryOf([])).toThrow(RangeError);
  });

  test('of one value says nothing but that value', () => {
    expect(summaryOf([3])).toEqual({
      count: 1,
      median: 3,
      mean: 3,
      standard_deviation: 0,
      min: 3,
      max: 3,
      low: 3,
      high: 3,
    });
  });

  test('is of the runs that count, and of figures that were measured', () => {
    const summary = summarise([runWith(1), runWith(99, [], true), runWith(3)]);
    expect(Object.keys(summary)).toEqual(['drop_percent']);
    expect(summary.drop_percent).toMatchObject({ count: 2, median: 2, max: 3 });
    expect(summarise([runWith(1, [], true)])).toEqual({});
  });

  test('has its median between low and high, and those between the least and the greatest', () => {
    fc.assert(
      fc.property(numbers, fc.nat(), (values, seed) => {
        const { min, low, median, high, max } = summaryOf(values, seed);
        expect([min, low, median, high, max].toSorted((a, b) => a - b)).toEqual([
          min,
          low,
          median,
          high,
          max,
        ]);
      }),
    );
  });

  test('is the same for the same seed', () => {
    const values = [5, 1, 4, 2, 3, 9, 8, 7, 6];
    expect(summaryOf(values, 5)).toEqual(summaryOf(values, 5));
  });
});

describe('a bootstrap interval', () => {
  const resampling = { seed: 1, confidence: 95 };

  test('of few values reaches from the least to the greatest', () => {
    expect(medianInterval([3, 1, 2], resampling)).toEqual({ low: 1, high: 3 });
    expect(medianInterval([3, 1, 5, 2, 4], resampling)).toEqual({ low: 1, high: 5 });
  });

  test('holds the true median about as often as it says', () => {
    const random = randomFrom(2_026);
    const samples = Array.from({ length: 600 }, () =>
      Array.from({ length: 21 }, () => 100 + 15 * normalFrom(random)),
    );
    const held = samples.filter((values, seed) => {
      const { low, high } = medianInterval(values, { seed, confidence: 95 });
      return low <= 100 && 100 <= high;
    });
    expect(held.length / samples.length).toBeGreaterThan(0.91);
    expect(held.length / samples.length).toBeLessThan(0.985);
  });

  test('of a difference excludes nought for a shift that is greater than the noise, else not', () => {
    const before = [100, 101, 99, 100.5, 99.5];
    const shifted = differenceInterval(before, [110, 111, 109, 110.5, 109.5], resampling);
    expect(shifted.low).toBeGreaterThan(7);
    expect(shifted.high).toBeLessThan(13);
    const same = differenceInterval(before, [99.2, 100.8, 100, 101.2, 99.8], resampling);
    expect(same.low).toBeLessThan(0);
    expect(same.high).toBeGreaterThan(0);
  });
});

test('equal servers differ by chance in few of many comparisons', () => {
  const random = randomFrom(7);
  const sample = (): number[] => Array.from({ length: 5 }, () => 100 + 5 * normalFrom(random));
  const differing = Array.from({ length: 400 }, (_, seed) =>
    differenceInterval(sample(), sample(), { seed, confidence: 99 }),
  ).filter(({ low, high }) => low > 0 || high < 0);
  expect(differing.length / 400).toBeLessThan(0.03);
});

describe('latency of several runs', () => {
  test('has the percentiles of all messages, not the middle of percentiles', () => {
    const quick = Array.from({ length: 900 }, () => 10);
    const slow = Array.from({ length: 100 }, () => 200);
    const merged = mergedLatency([runWith(0, quick), runWith(0, slow), runWith(0, [9_000], true)]);
    expect(merged.count).toBe(1_000);
    expect([merged.percentile(50), merged.percentile(90), merged.percentile(91)]).toEqual([
      10, 10, 200,
    ]);
  });

  test('survives a file, of nothing too', () => {
    fc.assert(
      fc.property(fc.array(fc.nat()), (values) => {
        const latency = new Histogram();
        for (const value of values) latency.record(value);
        const written = JSON.stringify(toSnapshot(latency.snapshot()));
        expect(fromSnapshot(JSON.parse(written))).toEqual(latency.snapshot());
      }),
    );
    expect(toSnapshot(new Histogram().snapshot()).min).toBeNull();
  });
});
