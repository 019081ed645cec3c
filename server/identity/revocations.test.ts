import { describe, expect, test } from 'bun:test';
import { eventually } from '../../tests/support/eventually.ts';
import { UnavailableError } from '../errors.ts';
import { MemoryStorage } from '../storage/memory.ts';
import type { Identity } from './identity.ts';
import { Permissions } from './permissions.ts';
import { Revocations } from './revocations.ts';

const HOUR_MS = 3_600_000;

const identity = (user_id: string, issued_at_ms: number, token_id?: string): Identity => ({
  user: { user_id, username: user_id },
  permissions: Permissions.all,
  issued_at_ms,
  ...(token_id !== undefined && { token_id }),
});

/** Storage that can be away for a while. */
class FlakyStorage extends MemoryStorage {
  isAway = false;

  override async listRevocations(after: number, limit: number) {
    if (this.isAway) throw new UnavailableError('away');
    return super.listRevocations(after, limit);
  }
}

function follow(storage: MemoryStorage, clock?: () => number) {
  const told = { news: 0, failures: 0 };
  const events = {
    revoked: () => {
      told.news += 1;
    },
    unavailable: () => {
      told.failures += 1;
    },
  };
  const revocations = new Revocations(storage, events, clock);
  return { told, revocations, [Symbol.dispose]: () => revocations.stop() };
}

const revoke = (
  storage: MemoryStorage,
  kind: 'user' | 'token',
  subject: string,
  revoked_at_ms: number,
  expires_at_ms = Date.now() + HOUR_MS,
): Promise<number> => storage.addRevocation({ kind, subject, revoked_at_ms, expires_at_ms });

describe('revocations', () => {
  test('of a user cover what was issued until then; of a token, that one', async () => {
    const storage = new MemoryStorage();
    await revoke(storage, 'user', 'ada', 1_000);
    await revoke(storage, 'token', 'jti:7', 1_000);
    using one = follow(storage);
    await one.revocations.loaded();
    const isCovered = (...of: Parameters<typeof identity>): boolean =>
      one.revocations.covers(identity(...of));
    expect([isCovered('ada', 999), isCovered('ada', 1_000), isCovered('ada', 1_001)]).toEqual([
      true,
      true,
      false,
    ]);
    expect([isCovered('ben', 0), isCovered('ben', 9_999, 'jti:7')]).toEqual([false, true]);
    // The kinds do not mix: a user may be called like a token.
    expect([isCovered('jti:7', 0), isCovered('ben', 0, 'ada')]).toEqual([false, false]);
  });

  test('that fill pages are all known before anybody is let in', async () => {
    const storage = new MemoryStorage();
    for (let count = 0; count < 2_500; count += 1) await revoke(storage, 'user', `u${count}`, 1);
    using one = follow(storage);
    await one.revocations.loaded();
    for (const count of [0, 999, 1_000, 1_999, 2_000, 2_499]) {
      expect(one.revocations.covers(identity(`u${count}`, 0))).toBe(true);
    }
    expect(one.told.news).toBe(1);
  });

  test('that come later are told, once', async () => {
    const storage = new MemoryStorage();
    using one = follow(storage);
    await one.revocations.loaded();
    expect(one.told.news).toBe(0);
    await revoke(storage, 'user', 'ada', 1_000);
    await eventually('it is known', () => one.revocations.covers(identity('ada', 0)));
    expect(one.told.news).toBe(1);
  });

  test('go on through an outage, and catch up after it', async () => {
    const storage = new FlakyStorage();
    await revoke(storage, 'user', 'ada', 1_000);
    using one = follow(storage);
    await one.revocations.loaded();
    storage.isAway = true;
    await revoke(storage, 'user', 'ben', 1_000);
    await eventually('it was noticed', () => one.told.failures === 1);
    expect(one.revocations.covers(identity('ada', 0))).toBe(true);
    storage.isAway = false;
    await eventually('it has caught up', () => one.revocations.covers(identity('ben', 0)));
    expect(one.told.failures).toBe(1);
  });

  test('that could not be read at the start are read when they can be', async () => {
    const storage = new FlakyStorage();
    storage.isAway = true;
    await revoke(storage, 'user', 'ada', 1_000);
    using one = follow(storage);
    await eventually('it was noticed', () => one.told.failures === 1);
    expect(one.revocations.isLoaded).toBe(false);
    storage.isAway = false;
    await one.revocations.loaded();
    expect(one.revocations.covers(identity('ada', 0))).toBe(true);
  });

  test('are forgotten when everything they cover has ended', async () => {
    const storage = new MemoryStorage();
    let now_ms = 1_000;
    using one = follow(storage, () => now_ms);
    await revoke(storage, 'user', 'ada', 1_000, 2_000);
    await eventually('it is known', () => one.revocations.covers(identity('ada', 0)));
    now_ms = 2_000;
    await revoke(storage, 'user', 'ben', 2_000, 3_000);
    await eventually('the next is known', () => one.revocations.covers(identity('ben', 0)));
    expect(one.revocations.covers(identity('ada', 0))).toBe(false);
  });
});
