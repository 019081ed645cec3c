import { expect, test } from 'bun:test';
import { ENCODINGS } from '../../protocol/encoding.ts';
import type { On } from './fixture.ts';
import { chain, expectMessages, offsetsOf, recordAt, run, wireOf } from './messages.ts';

const LAST = Number.MAX_SAFE_INTEGER;
const LAST_THREE = [LAST - 2, LAST - 1, LAST];

/** The rings behind a room go round this often, and more. */
const ROUNDS = 40;

export function testLastOffsets(on: On): void {
  test(
    'the last offsets there are come through whole, in every encoding',
    on((fixture) => {
      const room = fixture.open('red', { head: LAST - 3 });
      const subscribers = ENCODINGS.map((encoding) => fixture.join(room, 'ann', encoding));
      const records = chain(LAST - 3, LAST_THREE);
      fixture.hub.append(room, records);
      // The end of the order, and once more: there is nothing behind it.
      fixture.hub.append(room, records);
      fixture.settle();
      for (const { received, offset } of subscribers) {
        expect(offset).toBe(LAST - 3);
        expectMessages(
          received,
          records.map((record) => wireOf('red', record)),
        );
      }
      expect(fixture.hub.counters()).toMatchObject({ records: 3, duplicates_dropped: 3 });
    }),
  );

  test(
    'recovery and history reach up to the last offset',
    on((fixture) => {
      const room = fixture.open('red', { head: LAST - 3 });
      fixture.hub.append(room, chain(LAST - 3, LAST_THREE));
      const { offset, epoch, recovery } = fixture.join(room, 'ann', 'msgpack', {
        epoch: 'e.1',
        offset: LAST - 2,
      });
      expect({ offset, epoch, recovered: recovery.recovered }).toEqual({
        offset: LAST,
        epoch: 'e.1',
        recovered: true,
      });
      expect(offsetsOf(recovery.messages)).toEqual([LAST - 1, LAST]);
      const { messages, before, more } = fixture.readHistory(room, LAST + 1, 2);
      expect(offsetsOf(messages)).toEqual([LAST - 1, LAST]);
      expect({ before, more }).toEqual({ before: LAST - 2, more: true });
      expect(offsetsOf(fixture.readHistory(room, LAST, 9).messages)).toEqual([LAST - 2, LAST - 1]);
      expect([LAST - 4, LAST - 3, LAST].map((at) => fixture.hub.covers(room, at))).toEqual([
        false,
        true,
        true,
      ]);
    }),
  );

  test(
    'a hole as wide as the order keeps its two ends apart',
    on((fixture) => {
      const room = fixture.open();
      const { received } = fixture.join(room, 'ann', 'msgpack');
      const records = [recordAt(1), recordAt(LAST, { prev: 1, timestamp: LAST })];
      fixture.hub.append(room, records);
      fixture.settle();
      expectMessages(
        received,
        records.map((record) => wireOf('red', record)),
      );
      expect(offsetsOf(fixture.readHistory(room, LAST, 9).messages)).toEqual([1]);
    }),
  );
}

export function testWrapping(on: On): void {
  const record = (offset: number) =>
    recordAt(offset, { text: `${offset} ${'long '.repeat((offset % 7) ** 4)}` });

  test(
    'nothing is lost or doubled however often the history goes round',
    on(
      (fixture) => {
        const room = fixture.open();
        const other = fixture.open('blue');
        const { received } = fixture.join(room, 'ann', 'msgpack');
        let offset = 0;
        for (let round = 0; round < ROUNDS; round += 1) {
          const records = Array.from({ length: 25 }, (_, index) => record(offset + index + 1));
          offset += records.length;
          fixture.hub.append(room, records);
          fixture.hub.append(other, run(round + 1, round + 1));
          fixture.flushAfter(5);
          const newest = records.slice(-10).map((one) => wireOf('red', one));
          expectMessages(fixture.readHistory(room, LAST, 10).messages, newest);
          const since = { epoch: 'e.1', offset: offset - 10 };
          const late = fixture.join(room, 'bob', 'ndjson', since);
          expect(late.recovery.recovered).toBe(true);
          expectMessages(late.recovery.messages, newest);
          fixture.leave(late);
        }
        expect(offsetsOf(received)).toEqual(
          Array.from({ length: offset }, (_, index) => index + 1),
        );
        const lengths = received.map(({ text }) => String(text).length);
        expect(lengths).toEqual(received.map((_, index) => record(index + 1).text.length));
        expect(fixture.hub.covers(other, ROUNDS - 10)).toBe(true);
        expect(fixture.hub.covers(other, ROUNDS - 11)).toBe(false);
      },
      { history_records_max: 10 },
    ),
  );
}
