import { expect, test } from 'bun:test';
import { ENCODINGS } from '../../protocol/encoding.ts';
import type { RoomHandle } from '../port.ts';
import type { Message, On } from './fixture.ts';
import {
  chain,
  expectMessages,
  offsetsOf,
  recordAt,
  run,
  sizeOf,
  typing,
  wireOf,
} from './messages.ts';

const NEWEST = Number.MAX_SAFE_INTEGER;
const HOUR_MS = 3_600_000;

export function testHistory(on: On): void {
  test(
    'pages walk back to the oldest record, in every encoding',
    on((fixture) => {
      const records = chain(2, [3, 5, 6, 9, 10]);
      const room = fixture.open('red', { head: 2 });
      fixture.hub.append(room, records);
      for (const encoding of ENCODINGS) {
        const pages: (readonly Message[])[] = [];
        let before = NEWEST;
        for (const isLast of [false, false, true]) {
          const page = fixture.readHistory(room, before, 2, encoding);
          pages.unshift(page.messages);
          expect(page.more).toBe(!isLast);
          before = page.before + 1;
        }
        expect(pages.map((page) => page.length)).toEqual([1, 2, 2]);
        expectMessages(
          pages.flat(),
          records.map((record) => wireOf('red', record)),
        );
      }
    }),
  );

  test(
    'a page holds the newest records before an offset and tells where older ones would be',
    on((fixture) => {
      const room = fixture.open('red', { head: 2 });
      fixture.hub.append(room, chain(2, [3, 5, 9]));
      const page = (before: number, limit: number) => {
        const { messages, ...rest } = fixture.readHistory(room, before, limit);
        return { offsets: offsetsOf(messages), ...rest };
      };
      expect(page(NEWEST, 1)).toEqual({ offsets: [9], before: 5, more: true });
      expect(page(9, 5)).toEqual({ offsets: [3, 5], before: 2, more: false });
      expect(page(8, 1)).toEqual({ offsets: [5], before: 3, more: true });
      expect(page(3, 5)).toEqual({ offsets: [], before: 2, more: false });
      expect(page(2, 5)).toEqual({ offsets: [], before: 1, more: false });
    }),
  );

  test(
    'a tail that fits is kept whole, and what comes goes on from it',
    on((fixture) => {
      const tail = chain(4, [5, 7]);
      const room = fixture.open('red', { head: 7, tail });
      fixture.hub.append(room, chain(7, [9]));
      const { messages, before, more } = fixture.readHistory(room, NEWEST, 10);
      expect(offsetsOf(messages)).toEqual([5, 7, 9]);
      expect({ before, more }).toEqual({ before: 4, more: false });
      expect([3, 4].map((offset) => fixture.hub.covers(room, offset))).toEqual([false, true]);
    }),
  );

  test(
    'the log’s tail is the history a room begins with',
    on(
      (fixture) => {
        const tail = chain(4, [5, 7, 8, 9]);
        const room = fixture.open('red', { head: 9, tail });
        const { messages, before, more } = fixture.readHistory(room, NEWEST, 10);
        expectMessages(
          messages,
          tail.slice(1).map((record) => wireOf('red', record)),
        );
        expect({ before, more }).toEqual({ before: 5, more: false });
        expect(fixture.hub.covers(room, 5)).toBe(true);
        expect(fixture.hub.covers(room, 4)).toBe(false);
        const { offset } = fixture.join(room);
        expect(offset).toBe(9);
        expect(fixture.hub.counters()).toMatchObject({ records: 0, rows: 0 });
      },
      { history_records_max: 3 },
    ),
  );
}

/** Records 1 to 9 of a room of three letters take as much. */
const size = sizeOf(wireOf('red', recordAt(1)));

export function testHistoryBounds(on: On): void {
  test(
    'it holds so many records, and events take no place in it',
    on(
      (fixture) => {
        const room = fixture.open();
        fixture.join(room);
        for (const record of run(1, 9)) {
          fixture.hub.append(room, [record]);
          for (let times = 0; times < 5; times += 1) {
            fixture.hub.broadcast(room, typing('red', 'ann'));
          }
        }
        expect(offsetsOf(fixture.readHistory(room, NEWEST, 100).messages)).toEqual([7, 8, 9]);
      },
      { history_records_max: 3 },
    ),
  );

  test(
    'it holds the newest for as long as the room lives',
    on(
      (fixture) => {
        const room = fixture.open();
        for (let offset = 1; offset <= 1_000; offset += 1) {
          fixture.hub.append(room, run(offset, offset));
          if (offset % 97 !== 0) continue;
          const page = fixture.readHistory(room, NEWEST, 100);
          expect(offsetsOf(page.messages)).toEqual([6, 5, 4, 3, 2, 1, 0].map((n) => offset - n));
          expect(page.before).toBe(offset - 7);
          const { messages } = fixture.readHistory(room, offset - 2, 2);
          expect(offsetsOf(messages)).toEqual([offset - 4, offset - 3]);
        }
      },
      { history_records_max: 7 },
    ),
  );

  test(
    'it holds so many bytes, and no record larger than all of them',
    on(
      (fixture) => {
        const room = fixture.open();
        const held = () => offsetsOf(fixture.readHistory(room, NEWEST, 100).messages);
        fixture.hub.append(room, run(1, 4));
        expect(held()).toEqual([2, 3, 4]);
        expect(fixture.hub.counters().history_bytes).toBe(size * 3);
        const text = 'ö'.repeat(size * 2);
        fixture.hub.append(room, [recordAt(5, { text })]);
        expect(held()).toEqual([]);
        expect(fixture.hub.counters().history_bytes).toBe(0);
        expect([4, 5].map((offset) => fixture.hub.covers(room, offset))).toEqual([false, true]);
        fixture.hub.append(room, run(6, 6));
        expect(held()).toEqual([6]);
      },
      { history_bytes_max: size * 4 - 1 },
    ),
  );
}

export function testHistoryAge(on: On): void {
  test(
    'it forgets as time passes, also when nothing comes',
    on(
      async (fixture) => {
        const looks = [
          (room: RoomHandle) => fixture.readHistory(room, NEWEST, 9).messages.length > 0,
          (room: RoomHandle) => fixture.hub.covers(room, 0),
          (room: RoomHandle) =>
            fixture.join(room, 'ann', 'json', { epoch: 'e.1', offset: 0 }).recovery.recovered,
        ];
        const timestamp = Date.now() - HOUR_MS + 100;
        const rooms = looks.map((_, index) => fixture.open(`room ${index}`));
        for (const room of rooms) fixture.hub.append(room, [recordAt(1, { timestamp })]);
        expect(looks.map((look, index) => look(rooms[index] ?? 0))).toEqual([true, true, true]);
        while (Date.now() <= timestamp + HOUR_MS) await Bun.sleep(10);
        expect(looks.map((look, index) => look(rooms[index] ?? 0))).toEqual([false, false, false]);
      },
      { history_age_ms_max: HOUR_MS },
    ),
  );

  test(
    'it forgets by the records’ own age',
    on(
      (fixture) => {
        const [old, young] = [Date.now() - HOUR_MS, Date.now()];
        const room = fixture.open();
        const { received } = fixture.join(room);
        fixture.hub.append(room, [
          recordAt(1, { timestamp: old }),
          recordAt(2, { timestamp: old }),
          recordAt(3, { timestamp: young }),
        ]);
        fixture.settle();
        expect(offsetsOf(received)).toEqual([1, 2, 3]);
        expect(offsetsOf(fixture.readHistory(room, NEWEST, 100).messages)).toEqual([3]);
        expect([1, 2].map((offset) => fixture.hub.covers(room, offset))).toEqual([false, true]);
      },
      { history_age_ms_max: HOUR_MS / 2 },
    ),
  );

  test(
    'it may be nothing at all',
    on(
      (fixture) => {
        const room = fixture.open();
        const { received } = fixture.join(room);
        fixture.hub.append(room, run(1, 3));
        fixture.settle();
        expect(offsetsOf(received)).toEqual([1, 2, 3]);
        expect(fixture.readHistory(room, NEWEST, 10)).toEqual({
          messages: [],
          before: 3,
          more: false,
        });
        expect([2, 3].map((offset) => fixture.hub.covers(room, offset))).toEqual([false, true]);
      },
      { history_records_max: 0 },
    ),
  );

  test(
    'its bytes are counted over all rooms, and gone with them',
    on(
      (fixture) => {
        const rooms = ['red', 'tan'].map((name) => fixture.open(name));
        for (const room of rooms) fixture.hub.append(room, run(1, 7));
        expect(fixture.hub.counters().history_bytes).toBe(size * 8);
        for (const room of rooms) fixture.close(room);
        expect(fixture.hub.counters()).toMatchObject({ rooms: 0, history_bytes: 0 });
      },
      { history_records_max: 4 },
    ),
  );
}
