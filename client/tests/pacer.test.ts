import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { Pacer } from '../pacer.ts';

const steps = fc.array(fc.double({ min: 0, max: 3_000, noNaN: true }), { maxLength: 200 });

test('never sends more than burst + rate · time, as the server would count it', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000 }),
      fc.integer({ min: 1, max: 50 }),
      steps,
      (rate, burst, waits) => {
        const pacer = new Pacer();
        let now = 0;
        let sent = 0;
        pacer.reset(rate, burst, now);
        for (const wait_ms of waits) {
          now += wait_ms;
          while (pacer.delay_ms(now) === 0) {
            pacer.take();
            sent += 1;
          }
          expect(sent).toBeLessThanOrEqual(burst + (now * rate) / 1000 + 1e-6);
        }
      },
    ),
  );
});

test('what it says to wait is enough, and not much more than enough', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000 }),
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 200 }),
      (rate, burst, count) => {
        const pacer = new Pacer();
        pacer.reset(rate, burst, 0);
        let now = 0;
        for (let sent = 0; sent < count; sent += 1) {
          now += pacer.delay_ms(now) + 1e-6;
          expect(pacer.delay_ms(now)).toBe(0);
          pacer.take();
        }
        const inBurst = Math.max(1, burst - 1);
        expect(now).toBeCloseTo((Math.max(0, count - inBurst) * 1000) / rate, 0);
      },
    ),
  );
});

test('without a limit only a pause holds it, and after one sends go one at a time', () => {
  const unlimited = new Pacer();
  unlimited.reset(0, 1, 0);
  for (let sent = 0; sent < 10_000; sent += 1) {
    expect(unlimited.delay_ms(0)).toBe(0);
    unlimited.take();
  }
  unlimited.pause(50);
  expect(unlimited.delay_ms(20)).toBe(30);
  expect(unlimited.delay_ms(50)).toBe(0);

  const limited = new Pacer();
  limited.reset(10, 10, 0);
  limited.pause(200);
  expect(limited.delay_ms(200)).toBe(0);
  limited.take();
  expect(limited.delay_ms(200)).toBeCloseTo(100);
});
