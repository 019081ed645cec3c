import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { TokenBucket } from './token_bucket.ts';

/** What floating point may be off by. */
const ROUNDING_MS = 1e-3;

const rates = fc.oneof(
  fc.integer({ min: 1, max: 1_000_000 }),
  fc.double({ min: 0.01, max: 100, noNaN: true }),
);
const bursts = fc.integer({ min: 1, max: 1_000 });
const starts = fc.double({ min: 0, max: 1e9, noNaN: true });
const forward = fc.oneof(
  fc.constant(0),
  fc.double({ min: 0, max: 5_000, noNaN: true }),
  fc.nat(50),
);
const anyway = fc.oneof(forward, fc.double({ min: -5_000, max: 5_000, noNaN: true }));

/** When the bucket granted something, given the steps of the clock before each try. */
function granted(
  rate: number,
  burst: number,
  start_ms: number,
  steps: readonly number[],
): number[] {
  const bucket = new TokenBucket(rate, burst, start_ms);
  const times: number[] = [];
  let now_ms = start_ms;
  for (const step of steps) {
    now_ms += step;
    if (bucket.take(now_ms) === 0) times.push(now_ms);
  }
  return times;
}

test('in any window it grants at most its burst and its rate', () => {
  const steps = fc.array(forward, { maxLength: 150, size: 'max' });
  fc.assert(
    fc.property(rates, bursts, starts, steps, (rate, burst, start_ms, elapsed) => {
      const times = granted(rate, Math.min(burst, 20), start_ms, elapsed);
      for (const [first, from_ms] of times.entries()) {
        for (const [last, to_ms] of times.entries()) {
          if (last < first) continue;
          const most = Math.min(burst, 20) + ((to_ms - from_ms + ROUNDING_MS) * rate) / 1_000;
          expect(last - first + 1).toBeLessThanOrEqual(most);
        }
      }
    }),
  );
});

test('a clock that goes backwards grants nothing, and takes nothing away', () => {
  const steps = fc.array(anyway, { maxLength: 150, size: 'max' });
  fc.assert(
    fc.property(rates, bursts, starts, steps, (rate, burst, start_ms, elapsed) => {
      const jumping = granted(rate, burst, start_ms, elapsed).length;
      // The same tries on a clock that stands still instead of going backwards.
      let [now_ms, latest_ms] = [start_ms, start_ms];
      const standing = elapsed.map((step) => {
        now_ms += step;
        const risen = Math.max(0, now_ms - latest_ms);
        latest_ms = Math.max(latest_ms, now_ms);
        return risen;
      });
      const still = granted(rate, burst, start_ms, standing).length;
      expect(Math.abs(jumping - still)).toBeLessThanOrEqual(1);
      expect(jumping).toBeLessThanOrEqual(
        burst + ((latest_ms - start_ms + ROUNDING_MS) * rate) / 1_000,
      );
    }),
  );
});

test('who waits as long as told is let in, and not sooner by more than the rounding', () => {
  const steps = fc.array(forward, { minLength: 1, maxLength: 100, size: 'max' });
  fc.assert(
    fc.property(rates, bursts, starts, steps, (rate, burst, start_ms, elapsed) => {
      const bucket = new TokenBucket(rate, Math.min(burst, 5), start_ms);
      let now_ms = start_ms;
      for (const step of elapsed) {
        now_ms += step;
        const wait_ms = bucket.take(now_ms);
        expect(Number.isSafeInteger(wait_ms)).toBe(true);
        if (wait_ms === 0) continue;
        expect(wait_ms).toBeLessThanOrEqual(Math.ceil(1_000 / rate) + 1);
        now_ms += wait_ms;
        expect(bucket.take(now_ms)).toBe(0);
      }
    }),
    { numRuns: 500 },
  );
});

test('the burst is there at first, and again after a rest', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000 }), bursts, starts, (rate, burst, start_ms) => {
      const bucket = new TokenBucket(rate, burst, start_ms);
      const rest_ms = (burst / rate) * 1_000 + 1;
      for (const now_ms of [start_ms, start_ms + rest_ms, start_ms + 3 * rest_ms]) {
        for (let taken = 0; taken < burst; taken += 1) expect(bucket.take(now_ms)).toBe(0);
        expect(bucket.take(now_ms)).toBeGreaterThan(0);
      }
    }),
    { numRuns: 50 },
  );
});

test('a rate of 0 means no limit', () => {
  const bucket = new TokenBucket(0, 1, 0);
  for (let taken = 0; taken < 10_000; taken += 1) expect(bucket.take(0)).toBe(0);
});
