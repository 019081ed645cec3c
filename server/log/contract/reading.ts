import { expect, test } from 'bun:test';
import { ROOM, sayOnce } from './drafts.ts';
import type { On } from './fixture.ts';

export function testReading(on: On): void {
  test(
    'read answers the records after an offset, or the newest before it, oldest first',
    on(async (fixture) => {
      await fixture.open(ROOM);
      for (let count = 0; count < 9; count += 1) {
        await fixture.publish(ROOM, sayOnce(`${count}`, `text ${count}`));
      }
      const records = fixture.log.recovery_records === 0 ? [] : fixture.observer.records(ROOM);
      const edges = fixture.observer.records(ROOM).flatMap(({ offset }) => [offset, offset + 1]);
      for (const edge of [0, 1, ...edges, Number.MAX_SAFE_INTEGER]) {
        const newer = records.filter((record) => record.offset > edge);
        const older = records.filter((record) => record.offset < edge);
        for (const limit of [1, 3, 100]) {
          expect(await fixture.read(ROOM, { after: edge }, limit)).toEqual(newer.slice(0, limit));
          expect(await fixture.read(ROOM, { before: edge }, limit)).toEqual(older.slice(-limit));
        }
      }
    }),
  );

  test(
    'a room with nothing in it reads as nothing',
    on(async (fixture) => {
      await fixture.open(ROOM);
      expect(await fixture.read(ROOM, { after: 0 }, 10)).toEqual([]);
      expect(await fixture.read(ROOM, { before: 1 }, 10)).toEqual([]);
    }),
  );
}
