import { afterEach, describe, expect, test } from 'bun:test';
import { eventually } from '../../tests/support/eventually.ts';
import { LIMITS } from './contract/fixture.ts';
import { run } from './contract/messages.ts';
import { Pump } from './pump.ts';
import { ScriptHub } from './script.ts';

/** A hub with nothing but due times. */
class DueTimes {
  readonly flushes: { readonly now_ms: number; readonly done: number }[] = [];
  due: number[] = [];

  flush(now_ms: number): void {
    const open = this.due.filter((due_ms) => due_ms > now_ms);
    this.flushes.push({ now_ms, done: this.due.length - open.length });
    this.due = open;
  }

  nextDue_ms(): number | undefined {
    return this.due.length === 0 ? undefined : Math.min(...this.due);
  }

  get done(): number {
    return this.flushes.reduce((sum, { done }) => sum + done, 0);
  }
}

const pumps: Pump[] = [];
afterEach(() => {
  for (const pump of pumps.splice(0)) pump.stop();
});

function start() {
  const hub = new DueTimes();
  const pump = new Pump(hub, () => performance.now());
  pumps.push(pump);
  return {
    hub,
    pump,
    wake(in_ms: number): number {
      const due_ms = performance.now() + in_ms;
      hub.due.push(due_ms);
      pump.wake(due_ms);
      return due_ms;
    },
    stop: () => pump.stop(),
  };
}

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
};

describe('what is due at once', () => {
  test('is flushed once, at the end of the turn, after every microtask in it', async () => {
    const { hub, wake } = start();
    for (let message = 0; message < 10; message += 1) {
      await Promise.resolve();
      wake(0);
      expect(hub.flushes).toEqual([]);
    }
    process.nextTick(() => wake(0));
    await turns(2);
    expect(hub.flushes.map(({ done }) => done)).toEqual([11]);
  });

  test('goes before what is due later, and that is not forgotten', async () => {
    const { hub, wake } = start();
    const later_ms = wake(30);
    wake(0);
    await turns(2);
    expect(hub.done).toBe(1);
    await eventually('the later one', () => hub.done === 2);
    expect(hub.flushes.at(-1)?.now_ms).toBeGreaterThanOrEqual(later_ms);
    expect(hub.flushes.length).toBeLessThanOrEqual(4);
  });
});

describe('what is due later', () => {
  test('is not flushed before its time', async () => {
    const { hub, wake } = start();
    const due_ms = wake(20);
    await turns(5);
    expect(hub.flushes).toEqual([]);
    await eventually('the flush', () => hub.done === 1);
    expect(hub.flushes.find(({ done }) => done > 0)?.now_ms).toBeGreaterThanOrEqual(due_ms);
  });

  test('is flushed each at its time, in whatever order it was announced', async () => {
    const { hub, wake } = start();
    const times = [wake(60), wake(20), wake(40)].toSorted((one, other) => one - other);
    const far_ms = wake(60_000);
    await eventually('three flushes', () => hub.done === 3);
    const seen = hub.flushes.filter(({ done }) => done > 0).map(({ now_ms }) => now_ms);
    for (const [index, now_ms] of seen.entries()) {
      expect(now_ms).toBeGreaterThanOrEqual(times[index] ?? 0);
    }
    expect(hub.due).toEqual([far_ms]);
  });

  test('has one timer at a time, the earliest', async () => {
    const { hub, pump, wake } = start();
    const start_ms = performance.now();
    for (let times = 50; times > 0; times -= 1) pump.wake(start_ms + 20 + times);
    wake(20);
    await eventually('the flush', () => hub.done === 1);
    // By then every other timer would have fired.
    await Bun.sleep(100);
    // One flush, or two where a timer fires a little early.
    expect(hub.flushes.length).toBeLessThanOrEqual(2);
  });

  test('is not flushed any more after a stop', async () => {
    const { hub, wake, stop } = start();
    wake(5);
    stop();
    const other = start();
    other.wake(0);
    other.stop();
    await Bun.sleep(20);
    await turns(2);
    expect([...hub.flushes, ...other.hub.flushes]).toEqual([]);
  });
});

/** What adding fractional times may be off by. */
const ROUNDING_MS = 1e-6;

test('a busy room is published once a window', async () => {
  const published: { readonly at_ms: number; readonly count: number }[] = [];
  const hub: ScriptHub = new ScriptHub(LIMITS, {
    publish: (_room, _encoding, _data, count) => {
      published.push({ at_ms: performance.now(), count });
    },
    wake: (due_ms) => pump.wake(due_ms),
    overrun: () => undefined,
  });
  const pump: Pump = new Pump(hub, () => performance.now());
  pumps.push(pump);
  const room = hub.openRoom('red', { epoch: 'e.1', head: 0, tail: [] });
  hub.join(room, { user_id: 'a', username: 'ann' }, 'ndjson', undefined);
  const messages = 500;
  for (let offset = 1; offset <= messages; offset += 1) {
    hub.append(room, run(offset, offset));
    await turns(1);
  }
  const sum = () => published.reduce((total, { count }) => total + count, 0);
  await eventually('all of it', () => sum() === messages);
  for (const [index, { at_ms }] of published.entries()) {
    const before = published[index - 1];
    if (before === undefined) continue;
    const window_ms = LIMITS.flush_interval_ms - ROUNDING_MS;
    expect(at_ms - before.at_ms).toBeGreaterThanOrEqual(window_ms);
  }
});
