import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { UnavailableError } from '../errors.ts';
import { MemoryStorage } from './memory.ts';
import type { NewSession, Storage, StoredUser } from './port.ts';

/** One empty storage under test. `stop` of the storage has been called when `dispose` is. */
export interface StorageHarness {
  readonly storage: Storage;
  dispose(): Promise<void>;
}

const LAST_MS = Date.UTC(9999, 11, 31);

const user = (user_id: string): StoredUser => ({
  user_id,
  username: `name of ${user_id}`,
  created_at_ms: 1_700_000_000_123,
  disabled: false,
});

const session = (token_hash: string, user_id: string): NewSession => ({
  token_hash,
  user_id,
  created_at_ms: 1_700_000_000_000,
  expires_at_ms: LAST_MS,
});

/** What the port promises, tried on one adapter. */
export function describeStorageContract(
  name: string,
  make: () => StorageHarness | Promise<StorageHarness>,
  declare: (name: string, body: () => Promise<unknown>) => void = test,
): void {
  const on = (body: (storage: Storage) => Promise<void>) => async () => {
    const { storage, dispose } = await make();
    try {
      await body(storage);
    } finally {
      await storage.stop();
      await dispose();
    }
  };

  describe(`storage contract: ${name}`, () => {
    declare('users are created once, found, and disabled', on(testUsers));
    declare('sessions belong to a user, are found and revoked once', on(testSessions));
    declare('revocations come in the order they were added', on(testRevocations));
    declare('lists are paged in the order of their keys', on(testPages));
    declare('what has expired goes in small steps, and nothing else', on(testExpiry));
    declare('any schedule answers what storage in memory answers', () => testSchedules(make));
    declare(
      'after stop nothing is answered',
      on(async (storage) => {
        await storage.stop();
        await expect(storage.getUser('ann')).rejects.toBeInstanceOf(UnavailableError);
        await expect(storage.createUser(user('ann'))).rejects.toBeInstanceOf(UnavailableError);
        await storage.stop();
      }),
    );
  });
}

async function testUsers(storage: Storage): Promise<void> {
  expect(await storage.getUser('ann')).toBeUndefined();
  expect(await storage.createUser(user('ann'))).toBe(true);
  expect(await storage.createUser({ ...user('ann'), username: 'another' })).toBe(false);
  expect(await storage.getUser('ann')).toEqual(user('ann'));
  expect(await storage.setUserDisabled('bob', true)).toBe(false);
  expect(await storage.setUserDisabled('ann', true)).toBe(true);
  expect(await storage.getUser('ann')).toEqual({ ...user('ann'), disabled: true });
  expect(await storage.setUserDisabled('ann', false)).toBe(true);
  expect(await storage.listUsers(10)).toEqual([user('ann')]);
}

async function testSessions(storage: Storage): Promise<void> {
  await storage.createUser(user('ann'));
  expect(await storage.createSession(session('aa', 'nobody'))).toBe(false);
  expect(await storage.createSession(session('aa', 'ann'))).toBe(true);
  expect(await storage.createSession({ ...session('aa', 'ann'), expires_at_ms: 1 })).toBe(false);
  expect(await storage.findSession('bb')).toBeUndefined();
  expect(await storage.findSession('aa')).toEqual(session('aa', 'ann'));
  expect(await storage.revokeSession('bb', 5)).toBe(false);
  expect(await storage.revokeSession('aa', 5)).toBe(true);
  expect(await storage.revokeSession('aa', 6)).toBe(false);
  const revoked = { ...session('aa', 'ann'), revoked_at_ms: 5 };
  expect(await storage.findSession('aa')).toEqual(revoked);
  expect(await storage.listSessions('ann', 10)).toEqual([revoked]);
  expect(await storage.listSessions('bob', 10)).toEqual([]);
}

async function testRevocations(storage: Storage): Promise<void> {
  const revocation = { kind: 'user', subject: 'ann', revoked_at_ms: 7, expires_at_ms: 9 } as const;
  const first = await storage.addRevocation(revocation);
  const second = await storage.addRevocation({ ...revocation, kind: 'token', subject: 'aa' });
  const third = await storage.addRevocation(revocation);
  expect(first).toBeGreaterThan(0);
  expect(second).toBeGreaterThan(first);
  const all = await storage.listRevocations(0, 10);
  expect(all.map(({ sequence }) => sequence)).toEqual([first, second, third]);
  expect(all[1]).toEqual({ ...revocation, kind: 'token', subject: 'aa', sequence: second });
  expect(await storage.listRevocations(first, 1)).toEqual(all.slice(1, 2));
  expect(await storage.listRevocations(third, 1)).toEqual([]);
}

async function testPages(storage: Storage): Promise<void> {
  // In UTF-16 the last two would stand the other way round.
  const ids = ['Ann', 'ann', 'b', 'bob', 'é', '\uff5e', '\u{1f600}'];
  for (const id of ids.toReversed()) {
    await storage.createUser(user(id));
    await storage.createSession(session(id, 'ann'));
    await storage.createSession(session(id, '\u{1f600}'));
  }
  const seen: string[] = [];
  for (let after: string | undefined; ; after = seen.at(-1)) {
    const page = await storage.listUsers(3, after);
    seen.push(...page.map(({ user_id }) => user_id));
    if (page.length < 3) break;
  }
  expect(seen).toEqual(ids);
  const own = await storage.listSessions('\u{1f600}', 100);
  expect(own.length).toBeGreaterThan(1);
  expect(await storage.listSessions('\u{1f600}', 1)).toEqual(own.slice(0, 1));
  const next = await storage.listSessions('\u{1f600}', 1, own[0]?.token_hash);
  expect(next).toEqual(own.slice(1, 2));
}

async function testExpiry(storage: Storage): Promise<void> {
  await storage.createUser(user('ann'));
  for (let count = 0; count < 6; count += 1) {
    const expires_at_ms = count < 4 ? 100 + count : 1_000;
    await storage.createSession({ ...session(`a${count}`, 'ann'), expires_at_ms });
    await storage.addRevocation({ kind: 'user', subject: 'ann', revoked_at_ms: 1, expires_at_ms });
  }
  expect(await storage.deleteExpired(500, 3)).toBe(6);
  expect(await storage.deleteExpired(500, 3)).toBe(2);
  expect(await storage.deleteExpired(1_000, 3)).toBe(0);
  expect(await storage.listSessions('ann', 10)).toHaveLength(2);
  const left = await storage.listRevocations(0, 10);
  expect(left.map(({ expires_at_ms }) => expires_at_ms)).toEqual([1_000, 1_000]);
  // A number that has gone is not given out again.
  const fresh = { kind: 'user', subject: 'bob', revoked_at_ms: 1, expires_at_ms: 1 } as const;
  const added = await storage.addRevocation(fresh);
  expect(added).toBeGreaterThan(left.at(-1)?.sequence ?? 0);
}

type Call = readonly [method: keyof Storage, ...args: unknown[]];

const id = fc.constantFrom('ann', 'bob', "o'neil", 'é\u0000', '');
const hash = fc.constantFrom('aa', 'bb', 'cc');
const time = fc.nat(5);

const call: fc.Arbitrary<Call> = fc.oneof(
  id.map((user_id): Call => ['createUser', user(user_id)]),
  id.map((user_id): Call => ['getUser', user_id]),
  fc.tuple(id, fc.boolean()).map(([user_id, flag]): Call => ['setUserDisabled', user_id, flag]),
  fc
    .tuple(hash, id, time)
    .map(
      ([token_hash, user_id, expires_at_ms]): Call => [
        'createSession',
        { ...session(token_hash, user_id), expires_at_ms },
      ],
    ),
  hash.map((token_hash): Call => ['findSession', token_hash]),
  fc.tuple(hash, time).map(([token_hash, now_ms]): Call => ['revokeSession', token_hash, now_ms]),
  id.map((user_id): Call => ['listSessions', user_id, 10]),
  fc.constant<Call>(['listUsers', 10]),
  time.map((now_ms): Call => ['deleteExpired', now_ms, 100]),
);

async function testSchedules(make: () => StorageHarness | Promise<StorageHarness>): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(call, { maxLength: 40 }), async (calls) => {
      const { storage, dispose } = await make();
      const model = new MemoryStorage();
      try {
        for (const [method, ...args] of calls) {
          const expected = await invoke(model, method, args);
          expect(await invoke(storage, method, args)).toEqual(expected);
        }
      } finally {
        await storage.stop();
        await dispose();
      }
    }),
    { numRuns: 30 },
  );
}

function invoke(storage: Storage, method: keyof Storage, args: readonly unknown[]): unknown {
  const run = storage[method] as (...given: unknown[]) => unknown;
  return run.apply(storage, [...args]);
}
