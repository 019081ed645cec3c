import { describe, expect, test } from 'bun:test';
import { eventually } from '../../tests/support/eventually.ts';
import { RoomBench } from '../../tests/support/room_bench.ts';
import { scriptLog } from '../../tests/support/scripted_log.ts';
import type { Fields } from '../protocol/encoding.ts';

const offsetsOf = (messages: unknown): unknown[] =>
  (messages as readonly Fields[]).map(({ offset }) => offset);

const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

describe('coming and going', () => {
  test('a member sees everything from its joined on, until its left', async () => {
    await using bench = new RoomBench();
    const [ann, bob] = [bench.somebody('ann'), bench.somebody('bob', 'msgpack')];
    const { room } = await bench.join(ann, 'red');
    room.publish(ann, 'one', 'm1');
    const { answer } = await bench.join(bob, 'red');
    expect(answer).toMatchObject({ type: 'joined', room: 'red', offset: 1, user_count: 2 });
    room.publish(ann, 'two', 'm2');
    bob.leave(room);
    room.publish(ann, 'three', 'm3');
    await eventually('all of it', () => ann.all('message').length === 3);
    const inOrder = bob.received.filter(({ type }) => type !== 'presence');
    expect(inOrder.map(({ type }) => type)).toEqual(['joined', 'message', 'left']);
    expect(bob.topics.size).toBe(0);
    expect(ann.all('ack').map(({ id, offset }) => [id, offset])).toEqual([
      ['m1', 1],
      ['m2', 2],
      ['m3', 3],
    ]);
  });

  test('joining again is a change of place, not a second membership', async () => {
    await using bench = new RoomBench();
    const [ann, bob] = [bench.somebody('ann'), bench.somebody('bob')];
    await bench.join(bob, 'red');
    const { room, answer } = await bench.join(ann, 'red');
    room.publish(bob, 'one', 'm1');
    const since = { epoch: String(answer.epoch), offset: 0 };
    const again = await bench.join(ann, 'red', since);
    expect(again.answer).toMatchObject({ offset: 1, recovered: true, user_count: 2 });
    expect(offsetsOf(again.answer.messages)).toEqual([1]);
    expect(bench.hub.counters().members).toBe(2);
    expect(ann.topics.size).toBe(1);
    room.publish(bob, 'two', 'm2');
    await eventually('the second', () => ann.all('message').at(-1)?.offset === 2);
    ann.leave(room);
    bob.leave(room);
    expect(room.isEmpty).toBe(true);
    expect(bench.hub.counters().members).toBe(0);
  });

  test('the room is told who came and went, by user and not by connection', async () => {
    await using bench = new RoomBench();
    const names = ['watcher', 'ann', 'ann'] as const;
    const [watcher, first, second] = names.map((name) => bench.somebody(name));
    if (!watcher || !first || !second) throw new Error('three participants');
    const told = () =>
      watcher
        .all('presence')
        .filter(({ user }) => user === 'ann')
        .map(({ status }) => status);
    const { room } = await bench.join(watcher, 'red');
    await bench.join(first, 'red');
    await eventually('online', () => told().length === 1);
    await bench.join(second, 'red');
    first.leave(room);
    // Somebody else's arrival shows that an announcement has passed meanwhile.
    await bench.join(bench.somebody('bob'), 'red');
    await eventually('bob', () => watcher.all('presence').some(({ user }) => user === 'bob'));
    second.leave(room);
    await eventually('offline', () => told().length === 2);
    expect(told()).toEqual(['online', 'offline']);
  });

  test('typing reaches the room, and nobody’s history', async () => {
    await using bench = new RoomBench();
    const [ann, bob] = [bench.somebody('ann'), bench.somebody('bob', 'ndjson')];
    const { room } = await bench.join(ann, 'red');
    await bench.join(bob, 'red');
    room.announceTyping(ann, 'started');
    await eventually('typing', () => bob.all('typing').length === 1);
    expect(bob.all('typing')).toEqual([
      { type: 'typing', room: 'red', user: 'ann', user_id: 'id of ann', status: 'started' },
    ]);
    await room.history(bob, 1_000, 10, 'h1');
    expect(bob.all('history')).toMatchObject([{ id: 'h1', messages: [], more: false }]);
  });
});

test('users are listed page by page', async () => {
  await using bench = new RoomBench();
  const people = ['ann', 'bob', 'cem'].map((name) => bench.somebody(name));
  const [ann] = people;
  if (ann === undefined) throw new Error('nobody');
  for (const each of people) await bench.join(each, 'red');
  const { room } = await bench.join(ann, 'red');
  room.listUsers(ann, 2, undefined, 'u1');
  const [first] = ann.all('users');
  expect(first).toMatchObject({ id: 'u1', user_count: 3, users: [{ username: 'bob' }, {}] });
  room.listUsers(ann, 2, String(first?.next), undefined);
  expect(ann.all('users')[1]).toEqual({
    type: 'users',
    room: 'red',
    users: [ann.user],
    user_count: 3,
  });
});

describe('history', () => {
  /** A room with 30 records, of which the hub holds the newest five, and the log those after `forgotten`. */
  async function thirtyRecords(forgotten = 0) {
    const { connect, log } = scriptLog();
    const bench = new RoomBench({ history_records_max: 5 }, connect);
    const ann = bench.somebody('ann');
    const { room } = await bench.join(ann, 'red');
    log().commit('red', 30);
    log().forget('red', forgotten);
    const page = async (before: number, limit: number) => {
      await room.history(ann, before, limit, undefined);
      const answer = ann.all('history').at(-1);
      return { offsets: offsetsOf(answer?.messages), more: answer?.more };
    };
    return { bench, log: log(), page, [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() };
  }

  test('comes from the hub as far as that goes, and else from the log', async () => {
    await using room = await thirtyRecords();
    expect(await room.page(1_000, 5)).toEqual({ offsets: range(26, 30), more: true });
    expect(await room.page(29, 2)).toEqual({ offsets: [27, 28], more: true });
    expect(room.log.reads).toEqual([]);
    expect(await room.page(1_000, 8)).toEqual({ offsets: range(23, 30), more: true });
    expect(await room.page(28, 4)).toEqual({ offsets: range(24, 27), more: true });
    expect(await room.page(20, 5)).toEqual({ offsets: range(15, 19), more: true });
    expect(await room.page(1_000, 100)).toEqual({ offsets: range(1, 30), more: false });
    expect(await room.page(6, 5)).toEqual({ offsets: range(1, 5), more: false });
    expect(await room.page(1, 5)).toEqual({ offsets: [], more: false });
  });

  test('is for nobody when the asker, and the room with it, has gone meanwhile', async () => {
    const { connect, log } = scriptLog();
    await using bench = new RoomBench({ history_records_max: 5, room_idle_ms_max: 0 }, connect);
    const ann = bench.somebody('ann');
    const { room } = await bench.join(ann, 'red');
    log().commit('red', 30);
    const gate = Promise.withResolvers<void>();
    log().onRead = () => gate.promise;
    const asking = room.history(ann, 1_000, 30, undefined);
    ann.isOpen = false;
    room.leave(ann, 'gone');
    bench.directory.sweep(performance.now() + 1);
    expect(bench.hub.counters().rooms).toBe(0);
    gate.resolve();
    await asking;
    expect(ann.all('history')).toEqual([]);
  });

  test('ends where the log has forgotten', async () => {
    await using room = await thirtyRecords(10);
    expect(await room.page(1_000, 100)).toEqual({ offsets: range(11, 30), more: false });
    expect(await room.page(11, 5)).toEqual({ offsets: [], more: false });
  });
});
