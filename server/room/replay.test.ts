import { describe, expect, test } from 'bun:test';
import type { BenchLimits } from '../../tests/support/room_bench.ts';
import { RoomBench } from '../../tests/support/room_bench.ts';
import { scriptLog } from '../../tests/support/scripted_log.ts';
import { UnavailableError } from '../errors.ts';
import type { Fields } from '../protocol/encoding.ts';

const EPOCH = 'scripted.1';
const HELD = 5;

/** A room with 30 records, of which the hub holds the newest five. */
async function thirtyRecords(changes: Partial<BenchLimits> = {}) {
  const { connect, log } = scriptLog();
  const bench = new RoomBench({ history_records_max: HELD, ...changes }, connect);
  await bench.enter('red');
  log().commit('red', 30);
  const recover = (offset: number, encoding: 'json' | 'msgpack' = 'json', epoch = EPOCH) =>
    bench.join(bench.somebody('ann', encoding), 'red', { epoch, offset });
  /** What came to the only participant after its `joined`. */
  const late = (): readonly Fields[] => {
    bench.hub.flush(performance.now() + 1_000);
    return bench.participants[0]?.all('message') ?? [];
  };
  return {
    bench,
    log: log(),
    recover,
    late,
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  };
}

const offsetsOf = (answer: Fields): unknown[] =>
  (answer.messages as readonly Fields[]).map(({ offset }) => offset);

const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

describe('a join with since', () => {
  test('asks the log only for what the hub no longer has', async () => {
    await using room = await thirtyRecords();
    const { answer } = await room.recover(25);
    expect(room.log.reads).toEqual([]);
    expect(answer.recovered).toBe(true);
    expect(offsetsOf(answer)).toEqual(range(26, 30));
  });

  test('gets the run from its offset on, in any encoding, the log’s part and the hub’s', async () => {
    await using room = await thirtyRecords();
    for (const encoding of ['json', 'msgpack'] as const) {
      for (const offset of [0, 1, 12, 24]) {
        const { answer } = await room.recover(offset, encoding);
        expect(answer).toMatchObject({ recovered: true, offset: 30, epoch: EPOCH });
        expect(offsetsOf(answer)).toEqual(range(offset + 1, 30));
      }
    }
  });

  test('reads as many pages as it takes', async () => {
    await using room = await thirtyRecords();
    const whole = room.log.read.bind(room.log);
    room.log.read = (name, from, limit) => whole(name, from, Math.min(limit, 8));
    const { answer } = await room.recover(2);
    expect(offsetsOf(answer)).toEqual(range(3, 30));
    expect(room.log.reads.map(({ range: from }) => from)).toEqual([
      { after: 2 },
      { after: 10 },
      { after: 18 },
    ]);
  });

  test('is told no when that takes too many pages', async () => {
    await using room = await thirtyRecords();
    const whole = room.log.read.bind(room.log);
    room.log.read = (name, from, limit) => whole(name, from, Math.min(limit, 2));
    const { answer } = await room.recover(2);
    expect(answer.recovered).toBe(false);
    expect(offsetsOf(answer)).toEqual(range(26, 30));
  });

  test('is told no when the run would be longer than a recovery may be', async () => {
    await using room = await thirtyRecords({ replay_records_max: 10 });
    expect((await room.recover(14)).answer.recovered).toBe(false);
    const { answer } = await room.recover(15);
    expect(answer.recovered).toBe(true);
    expect(offsetsOf(answer)).toEqual(range(16, 30));
    expect(room.log.reads.every(({ limit }) => limit <= 10)).toBe(true);
  });

  test('is told no when the run would be larger than a recovery may be', async () => {
    // The texts of these records are a byte each.
    await using room = await thirtyRecords({ replay_bytes_max: 10 });
    expect((await room.recover(14)).answer.recovered).toBe(false);
    expect(offsetsOf((await room.recover(15)).answer)).toEqual(range(16, 30));
  });

  test('is told no when the log has forgotten the beginning of it', async () => {
    await using room = await thirtyRecords();
    room.log.forget('red', 10);
    for (const offset of [0, 9]) {
      const { answer } = await room.recover(offset);
      expect(answer.recovered).toBe(false);
      expect(offsetsOf(answer)).toEqual(range(26, 30));
    }
    const { answer } = await room.recover(10);
    expect(answer.recovered).toBe(true);
    expect(offsetsOf(answer)).toEqual(range(11, 30));
  });

  test('of another epoch, or ahead of the head, is told no without a read', async () => {
    await using room = await thirtyRecords();
    const { answer } = await room.recover(10, 'json', 'another.1');
    expect(answer.recovered).toBe(false);
    expect((await room.recover(31)).answer.recovered).toBe(false);
    expect(room.log.reads).toEqual([]);
  });
});

describe('while the log is read', () => {
  test('the hub moves on, and the run still has no gap', async () => {
    await using room = await thirtyRecords();
    const whole = room.log.read.bind(room.log);
    room.log.read = async (name, from, limit) => {
      const records = await whole(name, from, Math.min(limit, 16));
      // By the time these are here, the hub holds only what comes after them.
      if (room.log.reads.length < 3) room.log.commit('red', 10);
      return records;
    };
    const { answer } = await room.recover(12);
    expect(answer).toMatchObject({ recovered: true, offset: 50 });
    expect(offsetsOf(answer)).toEqual(range(13, 50));
    expect(room.log.reads).toHaveLength(3);
  });

  test('or while the answer is put together, and then it is told no', async () => {
    const answers = new Set<unknown>();
    for (let microtasks = 0; microtasks < 20; microtasks += 1) {
      await using room = await thirtyRecords();
      room.log.onRead = async () => {
        if (room.log.reads.length > 1) return;
        void (async () => {
          for (let passed = 0; passed < microtasks; passed += 1) await Promise.resolve();
          room.log.commit('red', 10);
        })();
      };
      const { answer } = await room.recover(12);
      await new Promise(setImmediate);
      const run = [...offsetsOf(answer), ...offsetsOf({ messages: room.late() })];
      const first = answer.recovered === true ? 13 : 36;
      expect(run).toEqual(range(first, 40));
      answers.add(answer.recovered);
    }
    expect(answers).toEqual(new Set([true, false]));
  });

  test('what the log is ahead of the hub comes afterwards, and once', async () => {
    await using room = await thirtyRecords();
    room.log.append('red', 7);
    const { answer } = await room.recover(12);
    expect(answer).toMatchObject({ recovered: true, offset: 30 });
    expect(offsetsOf(answer)).toEqual(range(13, 30));
    room.log.deliver('red', 7);
    expect(room.late().map(({ offset }) => offset)).toEqual(range(31, 37));
  });

  test('a log that does not answer is not waited for', async () => {
    await using room = await thirtyRecords({ log_timeout_ms: 20 });
    room.log.onRead = () => new Promise<void>(() => undefined);
    await expect(room.recover(12)).rejects.toBeInstanceOf(UnavailableError);
    expect(room.bench.hub.counters().members).toBe(0);
  });

  test('who has gone meanwhile is not let in', async () => {
    await using room = await thirtyRecords();
    const gate = Promise.withResolvers<void>();
    room.log.onRead = () => gate.promise;
    const ann = room.bench.somebody('ann');
    const red = await room.bench.enter('red');
    const joining = red.join(ann, { epoch: EPOCH, offset: 12 }, undefined);
    expect(joining).toBeInstanceOf(Promise);
    ann.isOpen = false;
    gate.resolve();
    await joining;
    expect(ann.received).toEqual([]);
    expect(room.bench.hub.counters().members).toBe(0);
    expect(red.isEmpty).toBe(true);
  });
});
