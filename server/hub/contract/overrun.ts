import { expect, test } from 'bun:test';
import type { RoomHandle } from '../port.ts';
import type { HubFixture, On } from './fixture.ts';
import { chain, offsetsOf, recordAt, run, sizeOf, typing, wireOf } from './messages.ts';

const size = sizeOf(wireOf('red', recordAt(11)));
/** Four records may be pending, and two are remembered. */
const TIGHT = { pending_bytes_max: 4 * size, history_records_max: 2 };

/** Record 10 is published, then `offsets` come at once: more than may be pending. */
function overrun(fixture: HubFixture, offsets: readonly number[] = [11, 12, 13, 14, 15, 16]) {
  const room = fixture.open('red', { head: 9 });
  const subscriber = fixture.join(room);
  fixture.hub.append(room, run(10, 10));
  fixture.settle();
  fixture.flushAfter(5);
  fixture.hub.append(room, chain(10, offsets));
  return { room, subscriber, offsets: () => offsetsOf(subscriber.received) };
}

const lost = ({ hub }: HubFixture): number => hub.counters().records_lost;

/** The room works as if nothing had happened. */
function expectLive(fixture: HubFixture, room: RoomHandle, head: number): void {
  const { received } = fixture.join(room, 'dot', 'msgpack');
  fixture.hub.append(room, run(head + 1, head + 2));
  fixture.settle();
  expect(offsetsOf(received)).toEqual([head + 1, head + 2]);
}

export function testOverrun(on: On): void {
  test(
    'a room past its bound lets go of what is pending, and says so once, at the next flush',
    on((fixture) => {
      const { room, offsets } = overrun(fixture);
      expect(fixture.overruns).toEqual([]);
      expect(fixture.armed_ms).toBeLessThanOrEqual(fixture.now_ms);
      fixture.flush();
      expect(fixture.overruns).toEqual([{ room, after: 10 }]);
      fixture.hub.append(room, run(17, 30));
      fixture.settle();
      fixture.flushAfter(1_000);
      expect(fixture.overruns).toHaveLength(1);
      expect(fixture.hub.counters().overruns).toBe(1);
      expect(offsets()).toEqual([10]);
    }, TIGHT),
  );
}

export function testFill(on: On): void {
  test(
    'a busy room that is overrun does not wait for its window to say so',
    on((fixture) => {
      const { room, offsets } = overrun(fixture, []);
      fixture.hub.append(room, run(11, 11));
      fixture.flush();
      fixture.hub.append(room, run(12, 15));
      fixture.endTurn();
      expect(fixture.armed_ms).toBeGreaterThan(fixture.now_ms);
      fixture.hub.append(room, run(16, 16));
      expect(fixture.armed_ms).toBeLessThanOrEqual(fixture.now_ms);
      fixture.flush();
      expect(fixture.overruns).toEqual([{ room, after: 11 }]);
      fixture.hub.fill(room, run(12, 16));
      expect(offsets()).toEqual([10, 11, 12, 13, 14, 15, 16]);
    }, TIGHT),
  );

  test(
    'the log’s answer is published in order, and what came meanwhile behind it',
    on((fixture) => {
      const { room, offsets } = overrun(fixture);
      fixture.flush();
      fixture.hub.append(room, run(17, 17));
      fixture.hub.fill(room, run(11, 17));
      expect(offsets()).toEqual([10, 11, 12, 13, 14, 15, 16, 17]);
      expect(lost(fixture)).toBe(0);
      expectLive(fixture, room, 17);
    }, TIGHT),
  );

  test(
    'where the answer ends, the history goes on',
    on((fixture) => {
      const { room, offsets } = overrun(fixture);
      fixture.flush();
      fixture.hub.fill(room, run(11, 14));
      expect(offsets()).toEqual([10, 11, 12, 13, 14, 15, 16]);
      expect(lost(fixture)).toBe(0);
      expectLive(fixture, room, 16);
    }, TIGHT),
  );

  test(
    'records the log has read past the head are not published twice',
    on((fixture) => {
      const { room, offsets } = overrun(fixture);
      fixture.flush();
      fixture.hub.fill(room, run(8, 19));
      fixture.hub.append(room, run(17, 19));
      fixture.settle();
      expect(offsets()).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
      expect(fixture.hub.counters()).toMatchObject({ records_lost: 0, duplicates_dropped: 0 });
    }, TIGHT),
  );

  test(
    'an answer that leads on, but not far enough, makes the hub ask again',
    on((fixture) => {
      const { room, offsets } = overrun(fixture);
      fixture.flush();
      fixture.hub.fill(room, run(11, 12));
      expect(fixture.overruns.at(-1)).toEqual({ room, after: 12 });
      expect(offsets()).toEqual([10, 11, 12]);
      fixture.hub.fill(room, run(13, 13));
      fixture.hub.fill(room, run(14, 14));
      expect(fixture.overruns).toHaveLength(3);
      expect(offsets()).toEqual([10, 11, 12, 13, 14, 15, 16]);
      expect(fixture.hub.counters()).toMatchObject({ overruns: 1, records_lost: 0 });
    }, TIGHT),
  );
}

export function testLoss(on: On): void {
  test(
    'what the log has forgotten is lost: counted by records, seen in prev',
    on((fixture) => {
      const { room, subscriber, offsets } = overrun(fixture, [20, 30, 40, 50, 60, 70]);
      fixture.flush();
      fixture.hub.fill(room, chain(30, [40, 50]));
      expect(offsets()).toEqual([10, 40, 50, 60, 70]);
      expect(subscriber.received[1]?.prev).toBe(30);
      expect(lost(fixture)).toBe(2);
      expectLive(fixture, room, 70);
    }, TIGHT),
  );

  test(
    'with no answer at all the history is what there is',
    on((fixture) => {
      const { room, offsets } = overrun(fixture, [20, 30, 40, 50, 60, 70]);
      fixture.flush();
      fixture.hub.fill(room, []);
      expect(offsets()).toEqual([10, 60, 70]);
      expect(lost(fixture)).toBe(4);
      expectLive(fixture, room, 70);
    }, TIGHT),
  );

  test(
    'records in the answer that the hub was never given are published, and make up for no loss',
    on((fixture) => {
      const { room, offsets } = overrun(fixture, [20, 30, 40, 50, 60, 70]);
      fixture.flush();
      fixture.hub.fill(room, run(41, 50));
      expect(offsets()).toEqual([10, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 60, 70]);
      expect(lost(fixture)).toBe(0);
      expectLive(fixture, room, 70);
    }, TIGHT),
  );
}

export function testOverrunEnds(on: On): void {
  test(
    'a join cannot wait: it ends the overrun, and a late answer changes nothing',
    on((fixture) => {
      const { room, offsets } = overrun(fixture);
      fixture.flush();
      const bob = fixture.join(room, 'bob');
      expect(bob.offset).toBe(16);
      expect(offsets()).toEqual([10, 15, 16]);
      expect(lost(fixture)).toBe(4);
      fixture.hub.fill(room, run(11, 16));
      expect(offsets()).toEqual([10, 15, 16]);
      expect([bob.received.length, lost(fixture)]).toEqual([0, 4]);
      expectLive(fixture, room, 16);
      expect(offsetsOf(bob.received)).toEqual([17, 18]);
    }, TIGHT),
  );

  test(
    'a leave ends it too, also before it was reported',
    on((fixture) => {
      const { room, subscriber, offsets } = overrun(fixture);
      const bob = fixture.join(room, 'bob');
      expect(offsets()).toEqual([10, 15, 16]);
      fixture.hub.append(room, run(17, 25));
      fixture.leave(subscriber);
      expect(offsets()).toEqual([10, 15, 16, 24, 25]);
      fixture.settle();
      expect(fixture.overruns).toEqual([]);
      expect(offsetsOf(bob.received)).toEqual([24, 25]);
      expect(fixture.hub.counters()).toMatchObject({ overruns: 2, records_lost: 4 + 7 });
      expectLive(fixture, room, 25);
    }, TIGHT),
  );

  test(
    'the answer to an earlier overrun does not end one that is not yet reported',
    on((fixture) => {
      const { room, offsets } = overrun(fixture);
      fixture.flush();
      fixture.join(room, 'bob');
      fixture.hub.append(room, run(17, 25));
      fixture.hub.fill(room, run(11, 16));
      expect(offsets()).toEqual([10, 15, 16]);
      fixture.settle();
      expect(fixture.overruns.at(-1)).toEqual({ room, after: 16 });
      fixture.hub.fill(room, run(17, 25));
      expect(offsets()).toEqual([10, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25]);
      expect(lost(fixture)).toBe(4);
    }, TIGHT),
  );
}

export function testNoOverrun(on: On): void {
  test(
    'events are let go, alone or among records, and cost no record',
    on((fixture) => {
      const room = fixture.open('red', { head: 10 });
      const { received } = fixture.join(room);
      for (let times = 0; times < 50; times += 1) fixture.hub.broadcast(room, typing('red', 'a'));
      fixture.flush();
      expect(fixture.overruns).toEqual([{ room, after: 10 }]);
      fixture.hub.broadcast(room, typing('red', 'b'));
      fixture.hub.append(room, run(11, 11));
      fixture.hub.fill(room, []);
      expect(offsetsOf(received)).toEqual([11]);
      fixture.hub.broadcast(room, typing('red', 'c'));
      fixture.settle();
      expect(received.at(-1)).toMatchObject({ type: 'typing', user: 'c' });
      expect(received).toHaveLength(2);
      expect(fixture.hub.counters()).toMatchObject({ overruns: 1, records_lost: 0 });
    }, TIGHT),
  );

  test(
    'what just fits is no overrun',
    on((fixture) => {
      const { subscriber } = overrun(fixture, [11, 12, 13, 14]);
      fixture.settle();
      expect(offsetsOf(subscriber.received)).toEqual([10, 11, 12, 13, 14]);
      expect(fixture.hub.counters().overruns).toBe(0);
    }, TIGHT),
  );

  test(
    'nobody there, no overrun; a fill nobody asked for changes nothing',
    on((fixture) => {
      const room = fixture.open('red', { head: 10 });
      fixture.hub.append(room, run(11, 99));
      const { received, offset } = fixture.join(room);
      expect(offset).toBe(99);
      fixture.hub.append(room, run(100, 101));
      fixture.hub.fill(room, run(50, 101));
      fixture.settle();
      expect(offsetsOf(received)).toEqual([100, 101]);
      expect(fixture.overruns).toEqual([]);
      expect(fixture.hub.counters()).toMatchObject({ overruns: 0, records_lost: 0 });
    }, TIGHT),
  );

  test(
    'an overrun of one room is no business of another, nor of the room opened after it',
    on((fixture) => {
      const other = fixture.open('blue');
      const { received } = fixture.join(other);
      const { room } = overrun(fixture);
      fixture.hub.append(other, run(1, 2));
      fixture.settle();
      expect(offsetsOf(received)).toEqual([1, 2]);
      fixture.close(room);
      fixture.hub.fill(room, run(11, 16));
      const again = fixture.open('red', { epoch: 'e.2' });
      expectLive(fixture, again, 0);
    }, TIGHT),
  );
}
