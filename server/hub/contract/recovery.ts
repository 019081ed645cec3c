import { expect, test } from 'bun:test';
import { ENCODINGS } from '../../protocol/encoding.ts';
import type { On } from './fixture.ts';
import { chain, expectMessages, offsetsOf, run, sizeOf, typing, wireOf } from './messages.ts';

export function testRecovery(on: On): void {
  test(
    'what is recovered is everything after the offset, or else the newest history and no proof',
    on(
      (fixture) => {
        const room = fixture.open('red', { epoch: 'e.4' });
        fixture.hub.append(room, chain(0, [2, 4, 6, 8]));
        const recover = (offset: number, epoch = 'e.4') => {
          const { recovery } = fixture.join(room, 'ann', 'ndjson', { epoch, offset });
          return [recovery.recovered, ...offsetsOf(recovery.messages)];
        };
        expect(recover(1)).toEqual([false, 4, 6, 8]);
        expect(recover(2)).toEqual([true, 4, 6, 8]);
        expect(recover(3)).toEqual([true, 4, 6, 8]);
        expect(recover(4)).toEqual([true, 6, 8]);
        expect(recover(8)).toEqual([true]);
        expect(recover(9)).toEqual([false, 4, 6, 8]);
        expect(recover(4, 'e.3')).toEqual([false, 4, 6, 8]);
        expect([0, 1, 2, 5, 8].map((offset) => fixture.hub.covers(room, offset))).toEqual([
          false,
          false,
          true,
          true,
          true,
        ]);
      },
      { history_records_max: 3 },
    ),
  );

  test(
    'a replay holds the records themselves, in every encoding, and no events',
    on((fixture) => {
      const room = fixture.open();
      const records = chain(0, [1, 5, 6]);
      fixture.hub.append(room, records.slice(0, 2));
      fixture.hub.broadcast(room, typing('red', 'ann'));
      fixture.hub.append(room, records.slice(2));
      for (const encoding of ENCODINGS) {
        const { recovery } = fixture.join(room, 'ann', encoding, { epoch: 'e.1', offset: 1 });
        expect(recovery.recovered).toBe(true);
        expectMessages(
          recovery.messages,
          records.slice(1).map((record) => wireOf('red', record)),
        );
      }
    }),
  );

  test(
    'an empty room proves what it can: nothing came after its head',
    on((fixture) => {
      const room = fixture.open('red', { head: 7 });
      const recovered = (offset: number) =>
        fixture.join(room, 'ann', 'json', { epoch: 'e.1', offset }).recovery;
      expect(recovered(6)).toEqual({ recovered: false, messages: [] });
      expect(recovered(7)).toEqual({ recovered: true, messages: [] });
      expect(recovered(8)).toEqual({ recovered: false, messages: [] });
      expect([6, 7].map((offset) => fixture.hub.covers(room, offset))).toEqual([false, true]);
    }),
  );
}

export function testNoGap(on: On): void {
  test(
    'a replay and what is published afterwards meet without a gap or an overlap',
    on((fixture) => {
      const room = fixture.open();
      fixture.hub.append(room, run(1, 3));
      fixture.join(room, 'bob');
      fixture.hub.append(room, run(4, 5));
      const ann = fixture.join(room, 'ann', 'json', { epoch: 'e.1', offset: 2 });
      fixture.hub.append(room, run(6, 7));
      fixture.settle();
      expect(offsetsOf([...ann.recovery.messages, ...ann.received])).toEqual([3, 4, 5, 6, 7]);
    }),
  );

  test(
    'nothing is called recovered across records the hub was never given',
    on((fixture) => {
      const room = fixture.open();
      const { received } = fixture.join(room);
      fixture.hub.append(room, run(1, 3));
      fixture.hub.append(room, run(6, 7));
      fixture.settle();
      expect(offsetsOf(received)).toEqual([1, 2, 3, 6, 7]);
      const recover = (offset: number) =>
        fixture.join(room, 'ann', 'json', { epoch: 'e.1', offset }).recovery;
      expect(recover(3).recovered).toBe(false);
      expect(offsetsOf(recover(3).messages)).toEqual([6, 7]);
      expect(recover(5).recovered).toBe(true);
      expect([4, 5].map((offset) => fixture.hub.covers(room, offset))).toEqual([false, true]);
      const { messages, more } = fixture.readHistory(room, 100, 100);
      expect(offsetsOf(messages)).toEqual([6, 7]);
      expect(more).toBe(false);
      const held = run(6, 7).map((record) => sizeOf(wireOf('red', record)));
      expect(fixture.hub.counters().history_bytes).toBe((held[0] ?? 0) + (held[1] ?? 0));
    }),
  );
}
