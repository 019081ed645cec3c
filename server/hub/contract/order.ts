import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { ENCODINGS } from '../../protocol/encoding.ts';
import type { RoomHandle } from '../port.ts';
import type { HubFixture, On } from './fixture.ts';
import { chain, expectMessages, recordAt, run, typing, wireOf } from './messages.ts';

const joinAll = (fixture: HubFixture, room: RoomHandle) =>
  ENCODINGS.map((encoding) => fixture.join(room, 'ann', encoding));

export function testOrder(on: On): void {
  test(
    'records and events come in the order they were handed in, the same for every encoding',
    on((fixture) => {
      const room = fixture.open();
      const subscribers = joinAll(fixture, room);
      fixture.hub.append(room, run(1, 2));
      fixture.hub.broadcast(room, typing('red', 'bob'));
      fixture.hub.append(room, chain(2, [7]));
      fixture.hub.broadcast(room, typing('red', 'cem'));
      fixture.settle();
      const [first, second, third] = [...run(1, 2), ...chain(2, [7])];
      if (!first || !second || !third) throw new Error('three records');
      for (const { received } of subscribers) {
        expectMessages(received, [
          wireOf('red', first),
          wireOf('red', second),
          typing('red', 'bob'),
          wireOf('red', third),
          typing('red', 'cem'),
        ]);
      }
      expect(fixture.hub.counters()).toMatchObject({ records: 3, events: 2 });
    }),
  );

  test(
    'a redelivery is dropped, alone or among new records, pending, published or forgotten',
    on(
      (fixture) => {
        const room = fixture.open('red', { head: 4 });
        const { received } = fixture.join(room);
        fixture.hub.append(room, run(3, 6));
        fixture.hub.append(room, run(5, 6));
        fixture.settle();
        fixture.hub.append(room, run(4, 9));
        fixture.hub.append(room, run(5, 5));
        fixture.settle();
        expectMessages(
          received,
          run(5, 9).map((record) => wireOf('red', record)),
        );
        expect(fixture.hub.counters()).toMatchObject({ records: 5, duplicates_dropped: 8 });
      },
      { history_records_max: 2 },
    ),
  );

  test(
    'rooms keep to themselves',
    on((fixture) => {
      const [red, blue] = [fixture.open('red'), fixture.open('blue')];
      const [inRed, inBlue] = [fixture.join(red), fixture.join(blue)];
      fixture.hub.append(red, run(1, 2));
      fixture.hub.append(blue, run(1, 1));
      fixture.settle();
      expect(inRed.received.map((message) => message.room)).toEqual(['red', 'red']);
      expect(inBlue.received.map((message) => message.room)).toEqual(['blue']);
    }),
  );
}

export function testEncodings(on: On): void {
  test(
    'MessagePack and JSON carry the same values in the same order of fields',
    on((fixture) => {
      const words = fc.string({ unit: 'binary' });
      const numbers = fc.maxSafeNat();
      const drafts = fc.record(
        { from: words, from_id: words, text: words, timestamp: numbers, id: words },
        { requiredKeys: ['from', 'from_id', 'text', 'timestamp'] },
      );
      const one = fc.record({ name: words, prev: numbers, hole: fc.nat(3), drafts });
      fc.assert(
        fc.property(one, ({ name, prev, hole, drafts: draft }) => {
          const offset = Math.min(prev + 1 + hole, Number.MAX_SAFE_INTEGER);
          fc.pre(offset > prev);
          const record = recordAt(offset, { ...draft, prev });
          const room = fixture.open(name, { head: prev });
          const subscribers = joinAll(fixture, room);
          fixture.hub.append(room, [record]);
          fixture.settle();
          for (const { received, encoding } of subscribers) {
            expectMessages(received, [wireOf(name, record)]);
            const page = fixture.hub.encodePage(room, encoding, [record]);
            expectMessages(fixture.read(encoding, page), [wireOf(name, record)]);
          }
          fixture.close(room);
        }),
      );
    }),
  );

  test(
    'json has one message a frame, the others as many as there are',
    on((fixture) => {
      const room = fixture.open();
      joinAll(fixture, room);
      fixture.hub.append(room, run(1, 10));
      fixture.settle();
      const frames = (encoding: string) =>
        fixture.rows.filter((row) => row.encoding === encoding).length;
      expect(ENCODINGS.map(frames)).toEqual([10, 1, 1]);
    }),
  );

  test(
    'events are the same in every encoding, also where names are not ASCII',
    on((fixture) => {
      const room = fixture.open('röd');
      const subscribers = joinAll(fixture, room);
      const joined = [{ user_id: '1', username: '愛\u0000"\\' }];
      const presence = { type: 'presence', room: 'röd', joined, left: [], count: 3 } as const;
      fixture.hub.broadcast(room, presence);
      fixture.settle();
      for (const { received } of subscribers) expectMessages(received, [presence]);
    }),
  );

  test(
    'a page is encoded like the hub’s own rows, and may be empty',
    on((fixture) => {
      const room = fixture.open();
      for (const encoding of ENCODINGS) {
        for (const records of [[], run(5, 5), chain(3, [9, 12])]) {
          const page = fixture.hub.encodePage(room, encoding, records);
          expectMessages(
            fixture.read(encoding, page),
            records.map((record) => wireOf('red', record)),
          );
        }
      }
    }),
  );
}
