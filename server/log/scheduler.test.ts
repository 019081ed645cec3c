import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { ManualScheduler } from './scheduler.ts';

test('calls come in the order of their due times, then of their making', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(5)), fc.nat(6), async (delays, pause) => {
      const scheduler = new ManualScheduler();
      const made: number[] = [];
      delays.forEach((delay_ms, index) => {
        scheduler.after(delay_ms, () => made.push(index));
      });
      const order = delays
        .map((_, index) => index)
        .sort((one, other) => {
          return (delays[one] ?? 0) - (delays[other] ?? 0);
        });
      await scheduler.advance(pause);
      expect(made).toEqual(order.filter((index) => (delays[index] ?? 0) <= pause));
      await scheduler.runAll();
      expect(made).toEqual(order);
    }),
  );
});

test('a cancelled call is not made, and promises settle between two calls', async () => {
  const scheduler = new ManualScheduler();
  const events: string[] = [];
  const waited = new Promise<void>((resolve) => scheduler.after(1, resolve));
  const waiting = waited.then(() => events.push('promise'));
  scheduler.after(1, () => events.push('call'));
  const cancel = scheduler.after(1, () => events.push('cancelled'));
  cancel();
  await scheduler.runAll();
  await waiting;
  expect(events).toEqual(['promise', 'call']);
});
