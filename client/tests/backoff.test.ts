import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { Backoff, clampDelay } from '../backoff.ts';

const below1 = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('each wait lies in [0, min(cap, base · 2ⁿ)), and a reset starts over', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.integer({ min: 1, max: 100_000 }),
      fc.array(below1, { maxLength: 80 }),
      (base_ms, cap_ms, draws) => {
        let draw = 0;
        const backoff = new Backoff(base_ms, cap_ms, () => draw);
        const check = (): void => {
          for (const [attempt, value] of draws.entries()) {
            draw = value;
            const ceiling_ms = Math.min(cap_ms, base_ms * 2 ** attempt);
            expect(backoff.next()).toBe(value * ceiling_ms);
          }
        };
        check();
        backoff.reset();
        check();
      },
    ),
  );
});

test('skipping ahead never goes back', () => {
  fc.assert(
    fc.property(fc.nat(20), fc.nat(20), (drawn, skipped) => {
      const backoff = new Backoff(1, Number.MAX_SAFE_INTEGER, () => 0.5);
      for (let attempt = 0; attempt < drawn; attempt += 1) backoff.next();
      backoff.skipTo(skipped);
      expect(backoff.next()).toBe(2 ** Math.max(drawn, skipped) / 2);
    }),
  );
});

test('a rare return waits at least half the cap', () => {
  fc.assert(
    fc.property(below1, fc.integer({ min: 1, max: 100_000 }), (draw, cap_ms) => {
      const wait_ms = new Backoff(1, cap_ms, () => draw).rare();
      expect(wait_ms).toBeGreaterThanOrEqual(cap_ms / 2);
      expect(wait_ms).toBeLessThanOrEqual(cap_ms);
    }),
  );
});

test('whatever delay a server names, a timer can take it', () => {
  fc.assert(
    fc.property(fc.double(), (delay_ms) => {
      const clamped = clampDelay(delay_ms);
      expect(clamped).toBeGreaterThanOrEqual(0);
      expect(clamped).toBeLessThan(2 ** 31);
    }),
  );
});
