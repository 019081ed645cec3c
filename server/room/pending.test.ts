import { expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Reply } from '../protocol/messages.ts';
import { PendingPublishes, type Publisher } from './pending.ts';

class Sender implements Publisher {
  readonly replies: Reply[] = [];
  inFlight = 0;

  reply(message: Reply): void {
    this.replies.push(message);
  }

  publishesInFlight(change: 1 | -1): void {
    this.inFlight += change;
  }
}

/** Its gauge is its size. */
const emptyGauge = () => ({ publishes_in_flight: 0 });

test('an acknowledgement goes to whoever published, when it carried an id', () => {
  const size = emptyGauge();
  const pending = new PendingPublishes(1_000, size);
  const [ann, bob] = [new Sender(), new Sender()];
  const [first, silent, second] = [
    pending.add(ann, 'red', 'm1'),
    pending.add(ann, 'red', undefined),
    pending.add(bob, 'blue', 'm1'),
  ];
  expect([ann.inFlight, bob.inFlight, size.publishes_in_flight]).toEqual([2, 1, 3]);
  pending.acknowledge(second, 7, true);
  pending.acknowledge(silent, 8, false);
  pending.acknowledge(first, 9, false);
  expect(ann.replies).toEqual([{ type: 'ack', id: 'm1', room: 'red', offset: 9 }]);
  expect(bob.replies).toEqual([
    { type: 'ack', id: 'm1', room: 'blue', offset: 7, duplicate: true },
  ]);
  expect([ann.inFlight, bob.inFlight, size.publishes_in_flight]).toEqual([0, 0, 0]);
});

test('a refusal names the room, the id if there was one, and when to try again', () => {
  const size = emptyGauge();
  const pending = new PendingPublishes(1_000, size);
  const ann = new Sender();
  pending.refuse(pending.add(ann, 'red', 'm1'), 'unavailable', 250);
  pending.refuse(pending.add(ann, 'red', undefined), 'unavailable', 250);
  const refusal = { type: 'error', code: 'unavailable', temporary: true, room: 'red' };
  expect(ann.replies).toMatchObject([
    { ...refusal, id: 'm1', retry_after_ms: 250 },
    { ...refusal, retry_after_ms: 250 },
  ]);
  expect(Object.keys(ann.replies[1] ?? {})).not.toContain('id');
});

test('what waits too long has an unknown outcome, and an answer after that finds nobody', () => {
  const size = emptyGauge();
  const pending = new PendingPublishes(1_000, size);
  const [ann, bob] = [new Sender(), new Sender()];
  const before_ms = performance.now();
  const late = pending.add(ann, 'red', 'm1');
  const after_ms = performance.now();
  pending.expire(before_ms + 999);
  expect(ann.replies).toEqual([]);
  pending.expire(after_ms + 1_000);
  expect(ann.replies).toMatchObject([
    { type: 'error', code: 'unknown_outcome', temporary: true, id: 'm1', room: 'red' },
  ]);
  // The place of the late one is taken again: the late answer must not reach the new owner.
  const token = pending.add(bob, 'red', 'm2');
  pending.acknowledge(late, 5, false);
  pending.refuse(late, 'unavailable', 0);
  expect([ann.replies.length, bob.replies.length]).toEqual([1, 0]);
  pending.acknowledge(token, 6, false);
  expect(bob.replies).toMatchObject([{ type: 'ack', id: 'm2', offset: 6 }]);
});

test('each publish is answered once, and nothing stays in flight', () => {
  const answers = fc.array(
    fc.record({ kind: fc.constantFrom('add', 'ack', 'refuse', 'again'), which: fc.nat(20) }),
    { maxLength: 200, size: 'max' },
  );
  fc.assert(
    fc.property(answers, (steps) => {
      const size = emptyGauge();
      const pending = new PendingPublishes(1_000, size);
      const ann = new Sender();
      const open: number[] = [];
      const closed: number[] = [];
      let added = 0;
      for (const { kind, which } of steps) {
        if (kind === 'add') {
          open.push(pending.add(ann, 'red', `m${added}`));
          added += 1;
          continue;
        }
        const from = kind === 'again' ? closed : open;
        const [token] = from.splice(which % Math.max(1, from.length), 1);
        if (token === undefined) continue;
        if (kind === 'refuse') pending.refuse(token, 'unavailable', 0);
        else pending.acknowledge(token, 1, false);
        closed.push(token);
      }
      expect(ann.inFlight).toBe(open.length);
      expect(size.publishes_in_flight).toBe(open.length);
      pending.expire(performance.now() + 1_001);
      expect([ann.inFlight, size.publishes_in_flight]).toEqual([0, 0]);
      const ids = ann.replies.map((reply) => ('id' in reply ? reply.id : undefined));
      expect(ids.toSorted()).toEqual(Array.from({ length: added }, (_, n) => `m${n}`).toSorted());
    }),
  );
});
