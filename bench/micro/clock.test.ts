import { expect, test } from 'bun:test';
import { threadClock } from './clock.ts';

test('the clock rises with work, and a thread’s own one hardly while it sleeps', async () => {
  const { kind, now_ns } = threadClock();
  const start_ns = now_ns();
  let sum = 0;
  while (now_ns() - start_ns < 2e6) sum += Math.sqrt(sum + 1);
  expect(sum).toBeGreaterThan(0);
  const before_ns = now_ns();
  await Bun.sleep(200);
  const asleep_ns = now_ns() - before_ns;
  if (kind === 'thread') expect(asleep_ns).toBeLessThan(150e6);
  else expect(asleep_ns).toBeGreaterThan(150e6);
});
