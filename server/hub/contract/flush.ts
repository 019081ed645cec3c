import { expect, test } from 'bun:test';
import type { RoomHandle } from '../port.ts';
import type { On } from './fixture.ts';
import { expectMessages, offsetsOf, recordAt, run, sizeOf, typing, wireOf } from './messages.ts';

export function testFlush(on: On): void {
  test(
    'a lone message is due at once',
    on((fixture) => {
      const room = fixture.open();
      const { received } = fixture.join(room);
      expect(fixture.hub.nextDue_ms()).toBeUndefined();
      fixture.hub.append(room, run(1, 1));
      expect(fixture.armed_ms).toBeLessThanOrEqual(fixture.now_ms);
      expect(fixture.hub.nextDue_ms()).toBeLessThanOrEqual(fixture.now_ms);
      expect(received).toEqual([]);
      fixture.flush();
      expect(offsetsOf(received)).toEqual([1]);
      expect(fixture.hub.nextDue_ms()).toBeUndefined();
      fixture.flushAfter(5);
      fixture.hub.broadcast(room, typing('red', 'ann'));
      expect(fixture.armed_ms).toBeLessThanOrEqual(fixture.now_ms);
    }),
  );

  test(
    'a busy room waits for its window, and what gathers leaves together',
    on((fixture) => {
      const room = fixture.open();
      const { received } = fixture.join(room, 'ann', 'ndjson');
      fixture.hub.append(room, run(1, 1));
      fixture.flush();
      const window_ms = fixture.now_ms + 5;
      for (const offset of [2, 3, 4]) {
        fixture.now_ms += 1;
        fixture.hub.append(room, run(offset, offset));
        fixture.hub.broadcast(room, typing('red', 'ann'));
        fixture.endTurn();
        expect([fixture.armed_ms, fixture.hub.nextDue_ms()]).toEqual([window_ms, window_ms]);
        fixture.flush();
        expect(received).toHaveLength(1);
      }
      fixture.flushAfter(1.999);
      expect(fixture.rows).toHaveLength(1);
      fixture.flushAfter(0.001);
      expect(fixture.rows).toHaveLength(2);
      expect(offsetsOf(received)).toEqual([1, 2, undefined, 3, undefined, 4, undefined]);
      // The next window begins with what has just left.
      fixture.hub.append(room, run(5, 5));
      expect(fixture.hub.nextDue_ms()).toBe(fixture.now_ms + 5);
    }),
  );

  test(
    'a window of 0 ms flushes every turn',
    on(
      (fixture) => {
        const room = fixture.open();
        fixture.join(room, 'ann', 'ndjson');
        for (const offset of [1, 2, 3]) {
          fixture.hub.append(room, run(offset, offset));
          expect(fixture.armed_ms).toBeLessThanOrEqual(fixture.now_ms);
          fixture.flush();
          expect(fixture.rows).toHaveLength(offset);
        }
      },
      { flush_interval_ms: 0 },
    ),
  );
}

export function testWindows(on: On): void {
  test(
    'each room has a window of its own, in whatever order they open',
    on((fixture) => {
      const [red, blue, tan] = ['red', 'blue', 'tan'].map((name) => fixture.open(name));
      if (red === undefined || blue === undefined || tan === undefined) throw new Error('rooms');
      const rooms = [red, blue, tan];
      const received = rooms.map((room) => fixture.join(room).received);
      // Published at 0, 1 and 3 ms; written to again at 4 ms, the last one first.
      for (const [room, wait_ms] of [
        [red, 1],
        [blue, 2],
        [tan, 1],
      ] as const) {
        fixture.hub.append(room, run(1, 1));
        fixture.flush();
        fixture.now_ms += wait_ms;
      }
      for (const room of [tan, red, blue]) fixture.hub.append(room, run(2, 2));
      fixture.endTurn();
      const start_ms = fixture.now_ms;
      const seen = [1, 1, 2].map((elapsed_ms) => {
        expect([fixture.armed_ms, fixture.hub.nextDue_ms()]).toEqual([
          fixture.now_ms + elapsed_ms,
          fixture.now_ms + elapsed_ms,
        ]);
        fixture.flushAfter(elapsed_ms);
        return received.map(({ length }) => length);
      });
      expect(seen).toEqual([
        [2, 1, 1],
        [2, 2, 1],
        [2, 2, 2],
      ]);
      expect(fixture.now_ms).toBe(start_ms + 4);
    }),
  );

  test(
    'a join opens the window anew, and the old window’s end flushes nothing',
    on((fixture) => {
      const room = fixture.open();
      const { received } = fixture.join(room);
      fixture.hub.append(room, run(1, 1));
      fixture.flush();
      fixture.hub.append(room, run(2, 2));
      fixture.now_ms += 3;
      fixture.join(room, 'bob');
      fixture.hub.append(room, run(3, 3));
      fixture.flushAfter(2);
      expect(offsetsOf(received)).toEqual([1, 2]);
      fixture.flushAfter(3);
      expect(offsetsOf(received)).toEqual([1, 2, 3]);
      expect(fixture.hub.nextDue_ms()).toBeUndefined();
    }),
  );

  test(
    'a flush at the end of time closes every window: the last one before a stop',
    on((fixture) => {
      const room = fixture.open();
      const { received } = fixture.join(room, 'ann', 'msgpack');
      fixture.hub.append(room, run(1, 1));
      fixture.flush();
      fixture.hub.append(room, run(2, 3));
      fixture.flush();
      expect(offsetsOf(received)).toEqual([1]);
      fixture.now_ms = Number.POSITIVE_INFINITY;
      fixture.flush();
      expect(offsetsOf(received)).toEqual([1, 2, 3]);
      expect(fixture.hub.nextDue_ms()).toBeUndefined();
    }),
  );

  test(
    'what is due at once does not wait for another room’s window, nor pull it forward',
    on((fixture) => {
      const [busy, quiet] = [fixture.open('busy'), fixture.open('quiet')];
      const [inBusy, inQuiet] = [fixture.join(busy).received, fixture.join(quiet).received];
      fixture.hub.append(busy, run(1, 1));
      fixture.flush();
      fixture.now_ms += 1;
      fixture.hub.append(busy, run(2, 2));
      fixture.hub.append(quiet, run(1, 1));
      expect(fixture.armed_ms).toBeLessThanOrEqual(fixture.now_ms);
      fixture.flush();
      expect([inBusy.length, inQuiet.length]).toEqual([1, 1]);
      expect(fixture.hub.nextDue_ms()).toBe(fixture.now_ms + 4);
      fixture.flushAfter(4);
      expect(inBusy).toHaveLength(2);
    }),
  );
}

export function testManyRooms(on: On): void {
  test(
    'of a thousand rooms each flush takes those that are due',
    on((fixture) => {
      const rooms = Array.from({ length: 1_000 }, (_, index) => fixture.open(`room ${index}`));
      const members = rooms.map((room) => fixture.join(room));
      // Published a few at a time, over two windows; each is busy from then on.
      const due = new Map<RoomHandle, number>();
      for (const [index, room] of rooms.entries()) {
        fixture.hub.append(room, run(1, 1));
        if (index % 10 !== 9) continue;
        fixture.flush();
        for (const one of rooms.slice(index - 9, index + 1)) due.set(one, fixture.now_ms + 5);
        fixture.now_ms += 0.1;
      }
      const written_ms = fixture.now_ms;
      for (const room of rooms.toReversed()) fixture.hub.append(room, run(2, 2));
      for (let elapsed_ms = 0; elapsed_ms <= 6; elapsed_ms += 0.25) {
        fixture.now_ms = written_ms + elapsed_ms;
        fixture.flush();
        const published = members.filter(({ received }) => received.length === 2).length;
        const expected = [...due.values()].filter((due_ms) => due_ms <= fixture.now_ms).length;
        expect(published).toBe(expected);
      }
      expect(fixture.hub.nextDue_ms()).toBeUndefined();
    }),
  );
}

const size = sizeOf(wireOf('red', recordAt(1)));

/** A room that has just published, so that whatever comes next waits for its window. */
function hurried(on: On, changes: Parameters<On>[1], until: number): () => Promise<void> {
  return on((fixture) => {
    const room = fixture.open();
    fixture.join(room, 'ann', 'ndjson');
    fixture.hub.append(room, run(1, 1));
    fixture.flush();
    for (let offset = 2; offset < until; offset += 1) {
      fixture.hub.append(room, run(offset, offset));
      fixture.endTurn();
      expect(fixture.armed_ms).toBeGreaterThan(fixture.now_ms);
    }
    fixture.hub.append(room, run(until, until));
    expect(fixture.armed_ms).toBeLessThanOrEqual(fixture.now_ms);
    fixture.flush();
    expect(fixture.rows.flatMap(({ messages }) => messages)).toHaveLength(until);
  }, changes);
}

export function testBatches(on: On): void {
  test('enough messages do not wait', hurried(on, { batch_records_max: 3 }, 4));
  test('enough bytes do not wait', hurried(on, { batch_bytes_max: 3 * size }, 4));

  const event = typing('röd', 'ü'.repeat(50));
  test(
    'bytes are those of UTF-8, also of events',
    on(
      (fixture) => {
        const room = fixture.open('röd');
        fixture.join(room, 'ann', 'msgpack');
        fixture.hub.broadcast(room, event);
        fixture.flush();
        fixture.hub.broadcast(room, event);
        fixture.endTurn();
        expect(fixture.armed_ms).toBeGreaterThan(fixture.now_ms);
        fixture.hub.broadcast(room, event);
        expect(fixture.armed_ms).toBeLessThanOrEqual(fixture.now_ms);
      },
      { batch_bytes_max: 2 * sizeOf(event) },
    ),
  );

  const cut = (
    changes: Parameters<On>[1],
    count: number,
    isWithin: (messages: readonly object[]) => boolean,
  ) =>
    on((fixture) => {
      const room: RoomHandle = fixture.open();
      fixture.join(room, 'ann', 'ndjson');
      fixture.join(room, 'ann', 'msgpack');
      fixture.hub.append(room, run(1, count));
      fixture.settle();
      for (const encoding of ['ndjson', 'msgpack']) {
        const batches = fixture.rows.filter((row) => row.encoding === encoding);
        expect(batches.length).toBeLessThanOrEqual(count / 2);
        expect(batches.every(({ messages }) => isWithin(messages))).toBe(true);
        expect(offsetsOf(batches.flatMap(({ messages }) => messages))).toEqual(
          run(1, count).map(({ offset }) => offset),
        );
      }
    }, changes);

  test(
    'batches are cut by count',
    cut({ batch_records_max: 4 }, 12, ({ length }) => length <= 4),
  );

  test(
    'batches are cut by bytes',
    cut(
      { batch_bytes_max: 3 * size },
      9,
      (messages) => messages.reduce((sum, message) => sum + sizeOf(message), 0) <= 3 * size,
    ),
  );

  test(
    'a record larger than every bound travels alone',
    on(
      (fixture) => {
        const room = fixture.open();
        const { received } = fixture.join(room, 'ann', 'msgpack');
        const records = [1, 2, 3].map((offset) =>
          recordAt(offset, { text: offset === 2 ? 'ü'.repeat(size) : 'short' }),
        );
        for (const record of records) {
          fixture.hub.append(room, [record]);
          fixture.settle();
        }
        expectMessages(
          received,
          records.map((record) => wireOf('red', record)),
        );
        expect(fixture.hub.counters()).toMatchObject({ overruns: 0, records_lost: 0 });
      },
      { batch_bytes_max: size, history_bytes_max: size, pending_bytes_max: size },
    ),
  );
}
