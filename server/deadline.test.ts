import { expect, test } from 'bun:test';
import { withDeadline } from './deadline.ts';
import { UnavailableError } from './errors.ts';

const never = new Promise<never>(() => undefined);

test('an answer in time is the answer, good or bad', async () => {
  expect(await withDeadline(Promise.resolve(5), 10_000, 'counting')).toBe(5);
  const failure = new RangeError('too far');
  await expect(withDeadline(Promise.reject(failure), 10_000, 'counting')).rejects.toBe(failure);
});

test('without one it is unavailable, after the time and not before, and says what', async () => {
  const start_ms = performance.now();
  const waiting = withDeadline(never, 30, 'reading a replay');
  await expect(waiting).rejects.toThrow(
    new UnavailableError('reading a replay took longer than 30 ms'),
  );
  await expect(waiting).rejects.toBeInstanceOf(UnavailableError);
  expect(performance.now() - start_ms).toBeGreaterThanOrEqual(29);
});

test('a failure after the deadline is nobody’s unhandled rejection', async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  try {
    const late = Promise.withResolvers<never>();
    await expect(withDeadline(late.promise, 1, 'loading')).rejects.toThrow();
    late.reject(new Error('too late'));
    for (let turns = 0; turns < 3; turns += 1) await new Promise(setImmediate);
    expect(unhandled).toEqual([]);
  } finally {
    process.off('unhandledRejection', note);
  }
});

test('an answer leaves no timer behind to keep the process', async () => {
  const source = `
    import { withDeadline } from './server/deadline.ts';
    console.log(await withDeadline(Promise.resolve('done'), 600_000, 'nothing'));`;
  const child = Bun.spawn([process.execPath, '-e', source], {
    cwd: new URL('..', import.meta.url).pathname,
    stdout: 'pipe',
    stderr: 'inherit',
    timeout: 20_000,
  });
  expect(await child.stdout.text()).toBe('done\n');
  expect(await child.exited).toBe(0);
});
