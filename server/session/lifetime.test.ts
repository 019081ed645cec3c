import { afterEach, beforeEach, describe, expect, jest, test } from 'bun:test';
import { Permissions } from '../identity/permissions.ts';
import { Lifetime } from './lifetime.ts';

const START_MS = 1_700_000_000_000;

beforeEach(() => {
  jest.useFakeTimers();
  jest.setSystemTime(START_MS);
});
afterEach(() => {
  jest.useRealTimers();
});

/** What is told, and when, in milliseconds from the start. */
function lifetime(window_ms: number) {
  const told: string[] = [];
  const at = (what: string): number => told.push(`${what} at ${Date.now() - START_MS}`);
  const one = new Lifetime(window_ms, {
    expiring: (left_ms) => at(`${left_ms} left`),
    expired: () => at('expired'),
  });
  const follow = (left_ms: number | undefined): void =>
    one.follow({
      user: { user_id: 'ada', username: 'Ada' },
      permissions: Permissions.all,
      issued_at_ms: 0,
      ...(left_ms !== undefined && { expires_at_ms: Date.now() + left_ms }),
    });
  return { told, one, follow };
}

describe('a lifetime', () => {
  test('is announced a window ahead of its end', () => {
    const { told, follow } = lifetime(60_000);
    follow(600_000);
    jest.advanceTimersByTime(700_000);
    expect(told).toEqual(['60000 left at 540000', 'expired at 600000']);
  });

  test('shorter than two windows is announced half-way', () => {
    const { told, follow } = lifetime(60_000);
    follow(10_000);
    jest.advanceTimersByTime(20_000);
    expect(told).toEqual(['5000 left at 5000', 'expired at 10000']);
  });

  test('that is replaced does not end any more', () => {
    const { told, follow } = lifetime(60_000);
    follow(100_000);
    jest.advanceTimersByTime(50_000);
    follow(200_000);
    jest.advanceTimersByTime(100_000);
    expect(told).toEqual(['50000 left at 50000']);
    follow(undefined);
    jest.advanceTimersByTime(1_000_000);
    expect(told).toHaveLength(1);
  });

  test('ends without a word where there is no window, and at once when it is over', () => {
    const { told, follow } = lifetime(0);
    follow(1_000);
    jest.advanceTimersByTime(1_000);
    follow(-1);
    expect(told).toEqual(['expired at 1000', 'expired at 1000']);
  });

  test('longer than a timer can wait is waited for all the same', () => {
    const { told, follow } = lifetime(60_000);
    const month_ms = 30 * 86_400_000;
    follow(month_ms);
    jest.advanceTimersByTime(month_ms - 60_001);
    expect(told).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(told).toEqual([`60000 left at ${month_ms - 60_000}`]);
  });

  test('stops with its session', () => {
    const { told, one, follow } = lifetime(60_000);
    follow(100_000);
    one.stop();
    jest.advanceTimersByTime(200_000);
    expect(told).toEqual([]);
  });
});
