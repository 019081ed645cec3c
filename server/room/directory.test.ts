import { describe, expect, test } from 'bun:test';
import { eventually } from '../../tests/support/eventually.ts';
import { RoomBench } from '../../tests/support/room_bench.ts';
import { scriptLog } from '../../tests/support/scripted_log.ts';
import { Refusal, UnavailableError } from '../errors.ts';

const codeOf = (entered: unknown): string | undefined =>
  entered instanceof Refusal ? entered.code : undefined;

describe('rooms come to be', () => {
  test('on first join, once, however many ask at a time', async () => {
    const { connect, log } = scriptLog();
    await using bench = new RoomBench({}, connect);
    const gate = Promise.withResolvers<void>();
    log().onOpen = () => gate.promise;
    const asked = [1, 2, 3].map(() => bench.directory.enter('red'));
    expect(asked.every((answer) => answer instanceof Promise)).toBe(true);
    gate.resolve();
    const rooms = new Set([...(await Promise.all(asked)), bench.directory.enter('red')]);
    expect(rooms.size).toBe(1);
    expect(log().opened).toEqual(['red']);
    expect(bench.hub.counters().rooms).toBe(1);
  });

  test('under names that may be', async () => {
    await using bench = new RoomBench({ room_name_bytes_max: 8 });
    for (const name of ['', 'a\u200b', 'far too long']) {
      expect(codeOf(bench.directory.enter(name))).toBe('room_name_invalid');
    }
    expect(bench.hub.counters().rooms).toBe(0);
  });

  test('only those declared, where some are', async () => {
    await using bench = new RoomBench({ rooms: ' red , blue,' });
    for (const name of ['red', 'blue']) expect((await bench.enter(name)).name).toBe(name);
    for (const name of ['green', 'red,blue', 'Red']) {
      expect(codeOf(bench.directory.enter(name))).toBe('room_not_found');
    }
  });

  test('so many at a time, those counted that are loading; the known ones stay open', async () => {
    const { connect, log } = scriptLog();
    await using bench = new RoomBench({ rooms_max: 2 }, connect);
    const gate = Promise.withResolvers<void>();
    log().onOpen = (room) => (room === 'slow' ? gate.promise : Promise.resolve());
    const red = await bench.enter('red');
    const slow = bench.directory.enter('slow');
    const refusal = bench.directory.enter('blue');
    expect(codeOf(refusal)).toBe('unavailable');
    expect((refusal as Refusal).retry_after_ms).toBeGreaterThan(0);
    expect(bench.directory.enter('red')).toBe(red);
    expect(bench.directory.enter('slow')).toBe(slow);
    gate.resolve();
    await slow;
    expect(codeOf(bench.directory.enter('blue'))).toBe('unavailable');
    expect(log().opened).toEqual(['red', 'slow']);
  });
});

describe('a log that does not open a room', () => {
  test('fails all who wait, and the next one asks anew', async () => {
    const { connect, log } = scriptLog();
    await using bench = new RoomBench({ rooms_max: 1 }, connect);
    log().onOpen = () => Promise.reject(new UnavailableError('gone'));
    const asked = [bench.directory.enter('red'), bench.directory.enter('red')];
    const answers = await Promise.allSettled(asked);
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 'rejected', reason: new UnavailableError('gone') });
    }
    expect(bench.hub.counters().rooms).toBe(0);
    log().onOpen = () => Promise.resolve();
    expect((await bench.enter('red')).name).toBe('red');
    expect(log().opened).toEqual(['red', 'red']);
  });

  test('is not waited for longer than configured, and what it opens late is closed', async () => {
    const { connect, log } = scriptLog();
    await using bench = new RoomBench({ log_timeout_ms: 20 }, connect);
    const gate = Promise.withResolvers<void>();
    log().onOpen = () => gate.promise;
    await expect(bench.enter('red')).rejects.toBeInstanceOf(UnavailableError);
    gate.resolve();
    await eventually('it is closed', () => log().closed.includes('red'));
    expect(bench.hub.counters().rooms).toBe(0);
  });
});

describe('rooms end', () => {
  const IDLE_MS = 40;

  /** Sweeps, as the server does, until there are so many rooms. */
  const swept = (bench: RoomBench, rooms: number) =>
    eventually(`${rooms} rooms`, () => {
      bench.directory.sweep(performance.now());
      return bench.hub.counters().rooms === rooms;
    });

  test('when nobody has been there for long enough, and not before', async () => {
    await using bench = new RoomBench({ room_idle_ms_max: IDLE_MS });
    const ann = bench.somebody('ann');
    const { room } = await bench.join(ann, 'red');
    const joined_ms = performance.now();
    await Bun.sleep(2 * IDLE_MS);
    bench.directory.sweep(performance.now());
    expect(bench.hub.counters().rooms).toBe(1);
    ann.leave(room);
    const left_ms = performance.now();
    await swept(bench, 0);
    expect(performance.now() - left_ms).toBeGreaterThanOrEqual(IDLE_MS);
    expect(left_ms).toBeGreaterThan(joined_ms);
  });

  test('each in its own time, and coming back in time saves it', async () => {
    await using bench = new RoomBench({ room_idle_ms_max: IDLE_MS });
    const ann = bench.somebody('ann');
    const rooms = await Promise.all(['red', 'blue', 'tan'].map((name) => bench.join(ann, name)));
    const start_ms = performance.now();
    for (const { room } of rooms) ann.leave(room);
    await bench.join(ann, 'red');
    bench.directory.sweep(start_ms + IDLE_MS - 1);
    expect(bench.hub.counters().rooms).toBe(3);
    await swept(bench, 1);
    expect(bench.hub.counters().members).toBe(1);
  });

  test('one that was loaded and never entered ends too', async () => {
    await using bench = new RoomBench({ room_idle_ms_max: IDLE_MS });
    await bench.enter('red');
    await swept(bench, 0);
  });

  test('one opened again has a new epoch: old offsets prove nothing', async () => {
    await using bench = new RoomBench({ room_idle_ms_max: 0 });
    const ann = bench.somebody('ann');
    const { room, answer } = await bench.join(ann, 'red');
    room.publish(ann, 'hello', 'm1');
    ann.leave(room);
    await swept(bench, 0);
    const since = { epoch: String(answer.epoch), offset: 1 };
    const again = await bench.join(ann, 'red', since);
    expect(again.room).not.toBe(room);
    expect(again.room.epoch).not.toBe(room.epoch);
    expect(again.answer).toMatchObject({ offset: 0, recovered: false, messages: [] });
    expect(again.answer.epoch).not.toBe(answer.epoch);
  });

  test('not while somebody waits for the log to be let in', async () => {
    const { connect, log } = scriptLog();
    await using bench = new RoomBench({ room_idle_ms_max: 0, history_records_max: 1 }, connect);
    const ann = bench.somebody('ann');
    await bench.enter('red');
    log().commit('red', 5);
    const gate = Promise.withResolvers<void>();
    log().onRead = () => gate.promise;
    const joining = bench.join(ann, 'red', { epoch: 'scripted.1', offset: 1 });
    await eventually('it reads', () => log().reads.length > 0);
    bench.directory.sweep(performance.now() + 1_000);
    expect(bench.hub.counters().rooms).toBe(1);
    gate.resolve();
    const { answer, room } = await joining;
    expect(answer).toMatchObject({ recovered: true, offset: 5 });
    ann.leave(room);
    await swept(bench, 0);
    expect(log().closed).toEqual(['red']);
  });
});

describe('what the log says', () => {
  test('reaches the room it is for, of the epoch it is for', async () => {
    const { connect, log } = scriptLog();
    await using bench = new RoomBench({}, connect);
    const ann = bench.somebody('ann');
    await bench.join(ann, 'red');
    log().append('red', 1);
    log().deliver('red', 1, 'another.1');
    log().commit('blue', 1);
    expect(bench.hub.counters().records).toBe(0);
    log().deliver('red', 1);
    await eventually('the record', () => ann.all('message').length === 1);
  });

  test('answers publishes, and so does the sweep when the log does not', async () => {
    const { connect, log } = scriptLog();
    await using bench = new RoomBench({ publish_timeout_ms: 5 }, connect);
    const ann = bench.somebody('ann');
    const { room } = await bench.join(ann, 'red');
    room.publish(ann, 'hello', 'm1');
    expect(ann.all('ack')).toMatchObject([{ id: 'm1', offset: 1 }]);
    log().submit = () => true;
    room.publish(ann, 'lost', 'm2');
    await eventually('an unknown outcome', () => {
      bench.directory.sweep(performance.now());
      return ann.all('error').length === 1;
    });
    expect(ann.all('error')).toMatchObject([{ id: 'm2', code: 'unknown_outcome' }]);
    log().submit = () => false;
    room.publish(ann, 'too much', 'm3');
    expect(ann.all('error')[1]).toMatchObject({ id: 'm3', code: 'unavailable', temporary: true });
    expect([ann.inFlight, bench.gauge.publishes_in_flight]).toEqual([0, 0]);
  });

  test('fills what an overrun has let go', async () => {
    const { connect, log } = scriptLog();
    const tight = { pending_bytes_max: 300, history_records_max: 2, replay_records_max: 4 };
    await using bench = new RoomBench(tight, connect);
    const ann = bench.somebody('ann');
    await bench.join(ann, 'red');
    log().commit('red', 20);
    await eventually('all of it', () => ann.all('message').length === 20);
    expect(ann.all('message').map(({ offset }) => offset)).toEqual(
      Array.from({ length: 20 }, (_, index) => index + 1),
    );
    expect(bench.hub.counters()).toMatchObject({ overruns: 1, records_lost: 0 });
    expect(log().reads.every(({ limit }) => limit === 4)).toBe(true);
  });

  test('or not: then the room goes on with what it has', async () => {
    const { connect, log } = scriptLog();
    const tight = { pending_bytes_max: 300, history_records_max: 2 };
    await using bench = new RoomBench(tight, connect);
    const ann = bench.somebody('ann');
    await bench.join(ann, 'red');
    log().onRead = () => Promise.reject(new UnavailableError('gone'));
    log().commit('red', 20);
    await eventually('the newest', () => ann.all('message').length === 2);
    expect(bench.hub.counters()).toMatchObject({ overruns: 1, records_lost: 18 });
    await bench.directory.refill(12_345, 0);
  });
});
