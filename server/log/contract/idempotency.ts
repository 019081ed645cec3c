import { expect, test } from 'bun:test';
import { ROOM, sayOnce } from './drafts.ts';
import type { LogTraits, On } from './fixture.ts';

export function testDuplicates(on: On): void {
  test(
    'a repeated publish gets the first answer and no second record',
    on(async (fixture) => {
      await fixture.open(ROOM);
      const first = await fixture.publish(ROOM, sayOnce('1', 'first'));
      await fixture.publish(ROOM, sayOnce('2', 'second'));
      const again = await fixture.publish(ROOM, sayOnce('1', 'first, but not quite'));
      expect(again).toEqual({ ...first, duplicate: true });
      const texts = fixture.observer.records(ROOM).map((record) => record.text);
      expect(texts).toEqual(['first', 'second']);
    }),
  );

  test(
    'a repeated publish shares the outcome of one that is still pending',
    on(async (fixture) => {
      await fixture.open(ROOM);
      for (let count = 0; count < 50; count += 1) {
        const draft = sayOnce(`${count}`, `text ${count}`);
        const first = fixture.submit(ROOM, draft);
        const was_pending = fixture.answer(first) === undefined;
        const second = fixture.submit(ROOM, draft);
        const third = fixture.submit(ROOM, draft);
        await fixture.settle();
        const answer = fixture.answer(first);
        const shared = answer?.kind === 'acknowledged' ? { ...answer, duplicate: true } : answer;
        if (!was_pending && answer?.kind !== 'acknowledged') continue;
        expect(fixture.answer(second)).toEqual(shared);
        expect(fixture.answer(third)).toEqual(shared);
      }
    }),
  );

  test(
    'an id belongs to one user in one room, whatever characters they use',
    on(async (fixture) => {
      await fixture.open(ROOM);
      await fixture.open('other room');
      // Joined with nothing, a separator or a length between them, some of these would be the same.
      const separators = ['', ' ', ':', '/', '\n', '\u0000', '1:', '1'];
      const pairs = separators.flatMap((separator) => [
        [`a${separator}`, 'b'],
        ['a', `${separator}b`],
        [`a${separator}b`, 'c'],
        ['a', `b${separator}c`],
      ]);
      const distinct = new Set(pairs.map((pair) => JSON.stringify(pair))).size;
      for (const room of [ROOM, 'other room']) {
        for (const [index, pair] of pairs.entries()) {
          const [from_id = '', id = ''] = pair;
          await fixture.publish(room, sayOnce(id, `text ${index}`, from_id));
        }
        expect(fixture.observer.records(room)).toHaveLength(distinct);
      }
    }),
  );
}

export function testWindow(on: On, traits: LogTraits): void {
  test(
    'the newest ids of a room are remembered',
    on(
      async (fixture) => {
        await fixture.open(ROOM);
        const offsets: number[] = [];
        for (let count = 0; count < 8; count += 1) {
          offsets.push((await fixture.publish(ROOM, sayOnce(`${count}`, `text ${count}`))).offset);
        }
        // Being asked for does not make an id younger.
        for (let count = 7; count >= 3; count -= 1) {
          const again = await fixture.publish(ROOM, sayOnce(`${count}`, `again ${count}`));
          expect(again.offset).toBe(offsets[count] ?? 0);
          expect(again.duplicate).toBe(true);
        }
        expect(fixture.observer.records(ROOM)).toHaveLength(8);
        if (traits.ids_remembered === 'at least') return;
        const forgotten = await fixture.publish(ROOM, sayOnce('2', 'again 2'));
        expect(forgotten.offset).toBeGreaterThan(offsets[7] ?? 0);
        const pushed_out = await fixture.publish(ROOM, sayOnce('3', 'once more 3'));
        expect(pushed_out.offset).toBeGreaterThan(forgotten.offset);
      },
      { idempotency_ids_max: 5 },
    ),
  );

  test(
    traits.epoch_after_close === 'kept'
      ? 'ids are remembered while the room is closed'
      : 'ids are forgotten with the room',
    on(async (fixture) => {
      await fixture.open(ROOM);
      const first = await fixture.publish(ROOM, sayOnce('1', 'first'));
      fixture.close(ROOM);
      await fixture.open(ROOM);
      const again = await fixture.publish(ROOM, sayOnce('1', 'first'));
      expect(again).toEqual({ ...first, duplicate: traits.epoch_after_close === 'kept' });
    }),
  );
}
