import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { PresenceStatus, User, VolatileEvent } from '../protocol/messages.ts';
import { PresenceLedger } from './presence.ts';

const LIMITS = { presence_interval_ms: 100, presence_names_max: 5, workers: 1 };
/** What one room may spend on presence. */
const DELIVERIES_PER_SECOND_MAX = 10_000;

const userOf = (name: string): User => ({ user_id: `id of ${name}`, username: name });

const single = (name: string, status: PresenceStatus): VolatileEvent => ({
  type: 'presence',
  room: 'red',
  user: name,
  user_id: `id of ${name}`,
  status,
});

/** Whoever is in the room by now. */
const here =
  (...names: readonly string[]) =>
  (user_id: string): boolean =>
    names.some((name) => userOf(name).user_id === user_id);
const everybody = (): boolean => true;

describe('what is announced', () => {
  test('in a small room, each change by name, in order', () => {
    const ledger = new PresenceLedger(LIMITS);
    expect(ledger.note(userOf('ann'), 'online', 0)).toBe(true);
    expect(ledger.note(userOf('bob'), 'offline', 10)).toBe(false);
    expect([ledger.isDue(99), ledger.isDue(100)]).toEqual([false, true]);
    expect(ledger.announce('red', 4, 100, here('ann'))).toEqual([
      single('ann', 'online'),
      single('bob', 'offline'),
    ]);
    expect(ledger.announce('red', 4, 100, here('ann'))).toEqual([]);
  });

  test('somebody who came and went is not mentioned, nor somebody who went and came', () => {
    const ledger = new PresenceLedger(LIMITS);
    ledger.note(userOf('ann'), 'online', 0);
    ledger.note(userOf('bob'), 'offline', 0);
    ledger.note(userOf('ann'), 'offline', 1);
    ledger.note(userOf('bob'), 'online', 1);
    expect(ledger.announce('red', 4, 100, here('bob'))).toEqual([]);
    ledger.note(userOf('bob'), 'offline', 200);
    expect(ledger.announce('red', 4, 300, here())).toEqual([single('bob', 'offline')]);
  });

  test('in a large room, or with many changes, all at once with the exact count', () => {
    const ledger = new PresenceLedger(LIMITS);
    for (let n = 0; n < 8; n += 1) ledger.note(userOf(`in ${n}`), 'online', 0);
    for (let n = 0; n < 2; n += 1) ledger.note(userOf(`out ${n}`), 'offline', 0);
    const isIn = (user_id: string): boolean => user_id.includes(' in ');
    expect(ledger.announce('red', 3, 100, isIn)).toEqual([
      {
        type: 'presence',
        room: 'red',
        joined: [0, 1, 2, 3, 4].map((n) => userOf(`in ${n}`)),
        left: [0, 1].map((n) => userOf(`out ${n}`)),
        count: 3,
      },
    ]);
    ledger.note(userOf('ann'), 'online', 200);
    expect(ledger.announce('red', 6, 300, everybody)).toEqual([
      { type: 'presence', room: 'red', joined: [userOf('ann')], left: [], count: 6 },
    ]);
  });

  test('the larger the room, the fewer the names', () => {
    const namesIn = (user_count: number): number => {
      const ledger = new PresenceLedger({ ...LIMITS, presence_names_max: 100 });
      for (let n = 0; n < 200; n += 1) ledger.note(userOf(`${n}`), 'online', 0);
      const [event] = ledger.announce('red', user_count, 100, everybody);
      return event !== undefined && 'joined' in event ? event.joined.length : Number.NaN;
    };
    expect([1_000, 10_000, 100_000, 1_000_000].map(namesIn)).toEqual([100, 10, 1, 0]);
  });

  test('what was announced adds up to who is there', () => {
    const changes = fc.array(fc.tuple(fc.nat(9), fc.nat(60)), { maxLength: 200, size: 'max' });
    fc.assert(
      fc.property(changes, (moves) => {
        const ledger = new PresenceLedger({ ...LIMITS, presence_names_max: 100 });
        const [present, told] = [new Set<string>(), new Set<string>()];
        const tell = (now_ms: number): void => {
          for (const event of ledger.announce('red', present.size, now_ms, here(...present))) {
            if (!('status' in event && event.type === 'presence')) throw new Error('not by name');
            if (event.status === 'online') expect(told.has(event.user)).toBe(false);
            if (event.status === 'online') told.add(event.user);
            else expect(told.delete(event.user)).toBe(true);
          }
          expect(told).toEqual(present);
        };
        let now_ms = 0;
        for (const [who, elapsed_ms] of moves) {
          now_ms += elapsed_ms;
          const name = `user ${who}`;
          const status = present.delete(name) ? 'offline' : 'online';
          if (status === 'online') present.add(name);
          ledger.note(userOf(name), status, now_ms);
          if (ledger.isDue(now_ms)) tell(now_ms);
        }
        tell(now_ms + 1_000);
      }),
    );
  });
});

describe('several workers', () => {
  test('whoever tells last, tells how it is', () => {
    const WORKERS = 3;
    const steps = fc.array(
      fc.record({ who: fc.nat(4), worker: fc.nat(WORKERS - 1), tells: fc.boolean() }),
      { maxLength: 200, size: 'max' },
    );
    fc.assert(
      fc.property(steps, (all) => {
        const ledgers = Array.from(
          { length: WORKERS },
          () => new PresenceLedger({ ...LIMITS, workers: WORKERS }),
        );
        const present = new Set<string>();
        const told = new Map<string, PresenceStatus>();
        const tell = (ledger: PresenceLedger | undefined): void => {
          for (const event of ledger?.announce('red', 4, 0, here(...present)) ?? []) {
            if ('status' in event && event.type === 'presence') told.set(event.user, event.status);
          }
        };
        for (const { who, worker, tells } of all) {
          const name = `user ${who}`;
          const status = present.delete(name) ? 'offline' : 'online';
          if (status === 'online') present.add(name);
          // A connection closes on one worker while the user's next one opens on another.
          ledgers[worker]?.note(userOf(name), status, 0);
          if (tells) tell(ledgers[worker]);
        }
        for (const ledger of ledgers) tell(ledger);
        for (const [name, status] of told) expect(status === 'online').toBe(present.has(name));
        for (const name of present) expect([name, told.get(name)]).toEqual([name, 'online']);
      }),
    );
  });
});

describe('what it costs', () => {
  /** Announces as a directory does, looking every 100 ms. @returns deliveries by time */
  function costs(
    changes: readonly (readonly [now_ms: number, name: string, status: PresenceStatus])[],
    names_max = 100,
  ): { readonly now_ms: number; readonly deliveries: number }[] {
    const ledger = new PresenceLedger({ ...LIMITS, presence_names_max: names_max });
    const present = new Set<string>();
    const spent: { now_ms: number; deliveries: number }[] = [];
    const queue = [...changes];
    const end_ms = (queue.at(-1)?.[0] ?? 0) + 10_000;
    for (let now_ms = 0; now_ms <= end_ms; now_ms += 100) {
      for (let next = queue[0]; next !== undefined && next[0] <= now_ms; next = queue[0]) {
        queue.shift();
        const [at_ms, name, status] = next;
        if (status === 'online') present.add(name);
        else present.delete(name);
        ledger.note(userOf(name), status, at_ms);
      }
      if (!ledger.isDue(now_ms)) continue;
      const events = ledger.announce('red', present.size, now_ms, here(...present));
      if (events.length > 0) spent.push({ now_ms, deliveries: events.length * present.size });
    }
    return spent;
  }

  /** Whatever was spent before an announcement is worked off before the next one. */
  function expectBounded(spent: ReturnType<typeof costs>): void {
    for (const [first, { now_ms: from_ms }] of spent.entries()) {
      let sum = 0;
      for (const { now_ms, deliveries } of spent.slice(first)) {
        // The newest announcement may be as dear as one is; those before it are paid for.
        expect(sum).toBeLessThanOrEqual(((now_ms - from_ms) * DELIVERIES_PER_SECOND_MAX) / 1_000);
        sum += deliveries;
      }
    }
  }

  test('10,000 joins in 10 s cost about 100,000 deliveries, not 50 million', () => {
    const joins = Array.from({ length: 10_000 }, (_, n) => [n, `${n}`, 'online'] as const);
    const spent = costs(joins);
    expectBounded(spent);
    const total = spent.reduce((sum, { deliveries }) => sum + deliveries, 0);
    expect(total).toBeGreaterThan(10_000);
    expect(total).toBeLessThan(150_000);
  });

  test('nor does any coming and going, in rooms of any size', () => {
    const schedule = fc
      .tuple(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 50 }), fc.nat(1_000_000))
      .map(([users, pace, seed]) => {
        let state = seed;
        const present = new Set<string>();
        return Array.from({ length: 2_000 }, (_, n) => {
          state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
          const name = `${state % users}`;
          const status: PresenceStatus = present.delete(name) ? 'offline' : 'online';
          if (status === 'online') present.add(name);
          return [Math.floor(n / pace), name, status] as const;
        });
      });
    fc.assert(
      fc.property(schedule, (changes) => expectBounded(costs(changes))),
      { numRuns: 30 },
    );
  });
});
