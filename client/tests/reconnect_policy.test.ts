import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { Credentials } from '../credentials.ts';
import { type ClientLimits, resolveOptions } from '../options.ts';
import { ReconnectPolicy } from '../reconnect_policy.ts';

const { limits }: { limits: ClientLimits } = resolveOptions({ url: 'ws://localhost/ws' });
const BASE_MS = limits.reconnect_base_ms;
const CAP_MS = limits.reconnect_cap_ms;

const policyOf = (options: { token?: string; session?: string; draw?: number } = {}) => {
  const { token, session, draw = 0.999 } = options;
  return new ReconnectPolicy(new Credentials(token, session), limits, () => draw);
};

const ended = (code: number, opened = true) => ({ code, reason: '', opened });

test('a welcome before each close does not storm: only a lasting connection resets the backoff', () => {
  const policy = policyOf();
  let now = 0;
  const waits: number[] = [];
  for (let attempt = 0; attempt < 4; attempt += 1) {
    policy.online(now);
    now += 10;
    waits.push(Math.round((policy.ended(ended(1006), now) ?? 0) / BASE_MS));
  }
  expect(waits).toEqual([1, 2, 4, 8]);
  policy.online(now);
  now += limits.stable_after_ms;
  expect(Math.round((policy.ended(ended(1006), now) ?? 0) / BASE_MS)).toBe(1);
});

test('a hint replaces the backoff, counted from when it came', () => {
  fc.assert(
    fc.property(
      fc.nat(10_000),
      fc.nat(10_000),
      fc.nat(30_000),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (after_ms, jitter_ms, closed_after_ms, draw) => {
        const policy = policyOf({ draw });
        policy.online(0);
        const due_ms = after_ms + draw * jitter_ms;
        expect(policy.hint(after_ms, jitter_ms, 1_000)).toBeCloseTo(due_ms);
        const wait_ms = policy.ended(ended(1012), 1_000 + closed_after_ms);
        expect(wait_ms).toBeCloseTo(Math.max(0, due_ms - closed_after_ms), 6);
        // It is good for one return.
        expect(policy.ended(ended(1006, false), 1e6)).toBeLessThanOrEqual(BASE_MS * 2);
      },
    ),
  );
});

test('a wait the server named is a floor', () => {
  const policy = policyOf({ draw: 0 });
  policy.notBefore(700, 100);
  expect(policy.ended(ended(1013), 200)).toBe(600);
});

test('"come back later" and "fix the client" wait longer', () => {
  expect(policyOf().ended(ended(1013), 0)).toBeCloseTo(0.999 * BASE_MS * 8);
  expect(policyOf({ draw: 0 }).ended(ended(1008), 0)).toBe(CAP_MS / 2);
});

test('a refused resume token gives way to the application token, and that to nothing', () => {
  const policy = policyOf({ token: 'mine', session: 'resume' });
  expect(policy.introduction()).toEqual({ token: 'resume', inSession: false });
  expect(policy.ended(ended(4501), 0)).toBeNumber();
  expect(policy.introduction()).toEqual({ token: 'mine', inSession: false });
  expect(policy.ended(ended(4501), 0)).toBeUndefined();
});

test('a refused resume token of a guest makes a new guest, who is not refused twice', () => {
  const policy = policyOf({ session: 'resume' });
  expect(policy.ended(ended(4501), 0)).toBeNumber();
  expect(policy.introduction().token).toBeUndefined();
  expect(policy.ended(ended(4501), 0)).toBeUndefined();
});

test('an expired token is not presented again, unless it is all there is', () => {
  const resumed = policyOf({ session: 'resume' });
  expect(resumed.ended(ended(4401), 0)).toBeLessThan(BASE_MS);
  expect(resumed.introduction().token).toBeUndefined();
  expect(policyOf({ token: 'mine' }).ended(ended(4401), 0)).toBeGreaterThanOrEqual(CAP_MS / 2);
});

test('failed handshakes alternate between URL and auth, and never cost the token', () => {
  const policy = policyOf({ session: 'resume' });
  const ways: boolean[] = [];
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const { token, inSession } = policy.introduction();
    expect(token).toBe('resume');
    ways.push(inSession);
    expect(policy.ended(ended(1006, false), attempt)).toBeNumber();
  }
  expect(ways).toEqual([false, true, false, true, false]);
});

test('from 4500 on it stops, whatever the server hinted', () => {
  fc.assert(
    fc.property(fc.integer({ min: 4502, max: 4999 }), (code) => {
      const policy = policyOf({ session: 'resume' });
      policy.hint(0, 0, 0);
      expect(policy.ended(ended(code), 0)).toBeUndefined();
    }),
  );
});
