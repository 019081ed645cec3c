import { expect, test } from 'bun:test';
import { ROOM, say, sayOnce } from './drafts.ts';
import { expectUnavailable, type LogTraits, type On } from './fixture.ts';

export function testOpening(on: On, traits: LogTraits): void {
  test(
    'each room has an order and an epoch of its own',
    on(async (fixture) => {
      const rooms = ['red', 'green', 'blue'];
      const epochs = new Set<string>();
      for (const room of rooms) epochs.add((await fixture.open(room)).epoch);
      expect(epochs.size).toBe(3);
      for (let count = 0; count < 30; count += 1) {
        const room = rooms[count % 3] ?? '';
        await fixture.publish(room, sayOnce(`${count}`, `${room} ${count}`));
      }
      for (const room of rooms) {
        const records = fixture.observer.records(room);
        expect(records).toHaveLength(10);
        expect(records[0]?.prev).toBe(0);
        expect(records.every((record) => record.text.startsWith(room))).toBe(true);
      }
    }),
  );

  test(
    'opening an open room answers where it stands',
    on(async (fixture) => {
      const { epoch } = await fixture.open(ROOM);
      const { offset } = await fixture.publish(ROOM, sayOnce('1', 'first'));
      expect(await fixture.open(ROOM)).toMatchObject({ epoch, head: offset });
    }),
  );

  test(
    traits.epoch_after_close === 'kept'
      ? 'a room opened again goes on where it stood'
      : 'a room opened again starts anew, in an epoch of its own',
    on(async (fixture) => {
      const first = await fixture.open(ROOM);
      for (let count = 0; count < 20; count += 1) {
        await fixture.publish(ROOM, sayOnce(`${count}`, `text ${count}`));
      }
      const known = fixture.observer.records(ROOM);
      fixture.close(ROOM);
      const { epoch, head, tail } = await fixture.open(ROOM);
      if (traits.epoch_after_close === 'kept') {
        expect(epoch).toBe(first.epoch);
        expect(head).toBe(known.at(-1)?.offset ?? 0);
        expect(tail.length).toBeGreaterThan(0);
        expect(tail).toEqual(known.slice(-tail.length));
      } else {
        expect(epoch).not.toBe(first.epoch);
        expect(head).toBe(0);
        expect(tail).toEqual([]);
      }
      await fixture.publish(ROOM, sayOnce('last', 'last'));
    }),
  );
}

export function testClosing(on: On): void {
  test(
    'what is pending when its room closes is answered, and the sink hears of no record',
    on(async (fixture) => {
      await fixture.open(ROOM);
      for (let count = 0; count < 20; count += 1) fixture.submit(ROOM, say(`text ${count}`));
      fixture.close(ROOM);
      await fixture.settle();
      expect(fixture.submissions.some((each) => fixture.answer(each) !== undefined)).toBe(true);
      await fixture.open(ROOM);
    }),
  );

  test(
    'a sink that closes the room from inside a call hears no more of it',
    on(async (fixture) => {
      await fixture.open(ROOM);
      let calls = 0;
      fixture.observer.onCommitted = () => {
        calls += 1;
        fixture.close(ROOM);
      };
      for (let round = 1; round <= 30; round += 1) {
        for (let count = 0; count < 9; count += 1) fixture.submit(ROOM, say(`${round} ${count}`));
        await fixture.settle();
        expect(calls).toBeLessThanOrEqual(round);
        await fixture.open(ROOM);
      }
      expect(calls).toBeGreaterThan(0);
    }),
  );

  test(
    'a room that is not open takes nothing and reads nothing',
    on(async (fixture) => {
      await fixture.open(ROOM);
      fixture.close(ROOM);
      for (const room of [ROOM, 'never opened']) {
        fixture.close(room);
        expect(fixture.submit(room, say(`into ${room}`)).accepted).toBe(false);
        await expectUnavailable(fixture, () => fixture.log.read(room, { after: 0 }, 10));
      }
    }),
  );
}
