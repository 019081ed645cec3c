import { expect, test } from 'bun:test';
import { ROOM, say, sayOnce } from './drafts.ts';
import type { On } from './fixture.ts';

export function testRecords(on: On): void {
  test(
    'a new room has an epoch and nothing in it',
    on(async (fixture) => {
      const { epoch, head, tail } = await fixture.open(ROOM);
      expect(epoch.length).toBeGreaterThan(0);
      expect(head).toBe(0);
      expect(tail).toEqual([]);
    }),
  );

  test(
    'a record carries what was said, by whom and when',
    on(async (fixture) => {
      await fixture.open(ROOM);
      const before = Date.now();
      const { offset, duplicate } = await fixture.publish(ROOM, sayOnce('1', 'hello'));
      const [record] = fixture.observer.records(ROOM);
      expect(duplicate).toBe(fixture.submissions.length > 1);
      expect(record).toMatchObject({ offset, prev: 0, from: 'name of ann', from_id: 'ann' });
      expect(record).toMatchObject({ text: 'hello', id: '1' });
      expect(Math.abs((record?.timestamp ?? 0) - before)).toBeLessThan(60_000);
    }),
  );

  test(
    'a record without an id has no such field',
    on(async (fixture) => {
      await fixture.open(ROOM);
      // An engine on a bad day refuses some of them.
      for (let count = 0; count < 20; count += 1) fixture.submit(ROOM, say(`text ${count}`));
      await fixture.settle();
      const records = fixture.observer.records(ROOM);
      expect(records.length).toBeGreaterThan(0);
      for (const record of records) expect('id' in record).toBe(false);
    }),
  );
}

export function testOrder(on: On): void {
  test(
    'records keep the order they were submitted in, whoever submits',
    on(async (fixture) => {
      await fixture.open(ROOM);
      for (let count = 0; count < 300; count += 1) {
        fixture.submit(ROOM, say(`text ${count}`, `user ${count % 7}`));
        if (count % 40 === 0) await fixture.step();
      }
      await fixture.settle();
      // That they are the right ones, in the right order, is checked at the end of each test.
      expect(fixture.observer.records(ROOM).length).toBeGreaterThan(200);
    }),
  );

  test(
    'the sink may submit from inside its calls, also the same once more',
    on(async (fixture) => {
      await fixture.open(ROOM);
      let inner = 0;
      const submitInner = () => {
        if (inner === 50) return;
        inner += 1;
        fixture.submit(ROOM, sayOnce(`${inner}`, `inner ${inner}`));
        for (const { draft } of fixture.submissions.slice(-4)) fixture.submit(ROOM, draft);
      };
      fixture.observer.onCommitted = submitInner;
      fixture.observer.onAcknowledged = submitInner;
      for (let outer = 0; inner < 50; outer += 1) {
        fixture.submit(ROOM, sayOnce(`outer ${outer}`, `outer ${outer}`));
        await fixture.settle();
      }
      const texts = fixture.observer.records(ROOM).map((record) => record.text);
      expect(texts.some((text) => text.startsWith('inner'))).toBe(true);
    }),
  );
}
