import { afterEach, describe, expect, test } from 'bun:test';
import { MessageChannel } from 'node:worker_threads';
import { say, sayOnce } from './contract/drafts.ts';
import { connectEngine, REMOTE_OPTIONS } from './contract/engine_harness.ts';
import { type Fault, faultsFrom, flakyEngine } from './contract/flaky_engine.ts';
import { LogObserver } from './contract/observer.ts';
import { temporaryFile } from './contract/temporary_engine.ts';
import { describeLogContract } from './contract.ts';
import type { LogEngine } from './engine.ts';
import type { GroupCommitOptions } from './group_commit_options.ts';
import { Random } from './random.ts';
import { RemoteLog, type RemoteLogOptions } from './remote.ts';

const ROOM = 'lobby';
const WRONG_MS = 3;

describeLogContract(
  'a database that fails now and then',
  {
    epoch_after_close: 'kept',
    answers: 'always',
    ids_remembered: 'at least',
    queue: 'bounded',
  },
  async (sink, { seed, queue_max }) => {
    const file = temporaryFile();
    const engine = flakyEngine(file.engine(), faultsFrom(new Random(seed)));
    const limits = { log_queue_records_max: queue_max };
    const harness = await connectEngine(engine, sink, limits, { reconnect_interval_ms: 0 });
    return {
      ...harness,
      dispose: async () => {
        await harness.dispose();
        file[Symbol.dispose]();
      },
    };
  },
);

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** One worker with one room, over a file that outlives it. */
async function connect(
  engine: LogEngine,
  remote: Partial<RemoteLogOptions> = {},
  commit: Partial<GroupCommitOptions> = {},
) {
  const observer = new LogObserver();
  const harness = await connectEngine(engine, observer, remote, commit);
  let token = 0;
  const close = async (): Promise<void> => {
    await harness.log.stop();
    await harness.dispose();
    expect(observer.violations).toEqual([]);
  };
  return {
    ...harness,
    observer,
    close,
    async open(room = ROOM) {
      const opened = await harness.log.open(room);
      observer.opened(room, opened);
      return opened;
    },
    submit(id: string, room = ROOM): number {
      token += 1;
      observer.submitting(token);
      if (!harness.log.submit(room, sayOnce(id, `text of ${id}`), token)) {
        observer.turnedDown(token);
        return 0;
      }
      return token;
    },
    answer: (one: number) => observer.answer(one),
    texts: async (room = ROOM) =>
      (await harness.log.read(room, { after: 0 }, 10_000)).map(({ text }) => text),
  };
}

function newFile() {
  const file = temporaryFile();
  open.push(() => file[Symbol.dispose]());
  return file;
}

/** Does once, at the next call of `method`, what it is told. */
function trip(engine: LogEngine) {
  let planned: { method: keyof LogEngine; fault: Fault } | undefined;
  const flaky = flakyEngine(engine, (method) => {
    if (planned?.method !== method) return undefined;
    const { fault } = planned;
    planned = undefined;
    return fault;
  });
  const plan = (method: keyof LogEngine, fault: Fault): void => {
    planned = { method, fault };
  };
  return { engine: flaky, plan };
}

describe('a commit of which nobody knows whether it was one', () => {
  for (const [fault, isThere] of [
    ['lost after', true],
    ['lost before', false],
  ] as const) {
    test(`row 31: ${fault}: it is looked up, then ${isThere ? 'acknowledged' : 'refused'}, and nothing is doubled`, async () => {
      const { engine, plan } = trip(newFile().engine());
      const worker = await connect(engine);
      await worker.open();
      const before = worker.submit('before');
      await worker.settle();
      plan('append', fault);
      const [one, again] = [worker.submit('unsure'), worker.submit('unsure')];
      await worker.settle();
      expect(worker.answer(before)).toEqual({ kind: 'acknowledged', offset: 1, duplicate: false });
      if (isThere) {
        expect(worker.answer(one)).toEqual({ kind: 'acknowledged', offset: 2, duplicate: false });
        expect(worker.answer(again)).toEqual({ kind: 'acknowledged', offset: 2, duplicate: true });
      } else {
        expect(worker.answer(one)).toMatchObject({ kind: 'refused', code: 'unavailable' });
        expect(worker.answer(again)).toMatchObject({ kind: 'refused', code: 'unavailable' });
        const [record] = worker.observer.records(ROOM).slice(1);
        expect(record).toBeUndefined();
      }
      const resent = worker.submit('unsure');
      await worker.settle();
      expect(worker.answer(resent)).toEqual({
        kind: 'acknowledged',
        offset: 2,
        duplicate: isThere,
      });
      expect(await worker.texts()).toEqual(['text of before', 'text of unsure']);
      await worker.close();
    });
  }
});

test('row 31: while the database fails everything is refused, the trouble is known, and ends by itself', async () => {
  let isGone = false;
  const gone = flakyEngine(newFile().engine(), () => (isGone ? 'refused' : undefined));
  const worker = await connect(gone);
  await worker.open();
  expect(worker.log.trouble).toBeUndefined();
  isGone = true;
  const first = worker.submit('first');
  while (worker.answer(first) === undefined) await Bun.sleep(1);
  expect(worker.answer(first)).toMatchObject({ kind: 'refused', code: 'unavailable' });
  expect(worker.log.trouble).toContain('a fault was asked for');
  expect(worker.submit('second')).toBe(0);
  await expect(worker.log.read(ROOM, { after: 0 }, 1)).rejects.toThrow(/fault/);
  isGone = false;
  while (worker.log.trouble !== undefined) await Bun.sleep(1);
  const third = worker.submit('third');
  await worker.settle();
  expect(worker.answer(third)).toEqual({ kind: 'acknowledged', offset: 1, duplicate: false });
  await worker.close();
});

test('a database that has lost what it had acknowledged is given up', async () => {
  const file = newFile();
  const { engine, plan } = trip(file.engine());
  const lost = Promise.withResolvers<Error>();
  const worker = await connect(
    { ...engine, findRoom: async () => ({ room_id: 1, head: 0 }) },
    {},
    { onLost: lost.resolve },
  );
  await worker.open();
  worker.submit('first');
  await worker.settle();
  plan('append', 'refused');
  worker.submit('second');
  expect((await lost.promise).message).toContain('lost records');
  await worker.close();
});

describe('a worker whose log does not answer', () => {
  test('row 31: takes nothing more after a while, says so, and gives up what waits when it stops', async () => {
    const { port1, port2 } = new MessageChannel();
    const observer = new LogObserver();
    const limits = { ...REMOTE_OPTIONS, log_stall_ms_max: WRONG_MS, publish_timeout_ms: WRONG_MS };
    const log = new RemoteLog(observer, port1, limits);
    port2.on('message', (text: string) => {
      const { kind, call } = JSON.parse(text);
      const result = { epoch: 'e', head: 0, tail: [] };
      if (kind === 'open') port2.postMessage(JSON.stringify({ kind: 'done', call, result }));
    });
    observer.opened(ROOM, await log.open(ROOM));
    observer.submitting(1);
    expect(log.submit(ROOM, say('hello'), 1)).toBe(true);
    expect(log.trouble).toBeUndefined();
    await Bun.sleep(WRONG_MS * 2);
    expect(log.trouble).toContain('nothing has been committed');
    expect(log.submit(ROOM, say('hello'), 2)).toBe(false);
    await log.stop();
    expect(observer.answer(1)).toMatchObject({ kind: 'refused', code: 'unknown_outcome' });
    expect(observer.violations).toEqual([]);
    port2.close();
  });

  test('the size of what waits has a bound as well', async () => {
    const worker = await connect(newFile().engine(), { log_queue_bytes_max: 20 });
    await worker.open();
    const [first, second, third] = [worker.submit('1'), worker.submit('2'), worker.submit('3')];
    expect([first, second, third].map((token) => token !== 0)).toEqual([true, true, false]);
    await worker.settle();
    expect(worker.submit('4')).not.toBe(0);
    await worker.settle();
    await worker.close();
  });
});

describe('letting go of old records', () => {
  const soon = { prune_interval_ms: 1 };

  test('keeps so many of each room, and offsets go on', async () => {
    const file = newFile();
    const worker = await connect(file.engine(), {}, { ...soon, log_records_max: 10 });
    for (const room of ['red', 'green']) {
      await worker.open(room);
      for (let count = 1; count <= 1_200; count += 1) {
        while (worker.submit(`${count}`, room) === 0) await worker.settle();
      }
    }
    for (const room of ['red', 'green']) {
      while ((await worker.texts(room)).length > 10) await Bun.sleep(1);
      expect(await worker.texts(room)).toEqual(
        Array.from({ length: 10 }, (_, index) => `text of ${index + 1_191}`),
      );
      const [oldest] = await worker.log.read(room, { after: 0 }, 1);
      expect(oldest).toMatchObject({ offset: 1_191, prev: 1_190 });
      const next = worker.submit('next', room);
      await worker.settle();
      expect(worker.answer(next)).toMatchObject({ offset: 1_201, duplicate: false });
    }
    await worker.close();
  });

  test('by age, and a room of which nothing is left begins anew when nobody has it open', async () => {
    const file = newFile();
    let now_ms = 1_000_000;
    const options = { ...soon, log_age_ms_max: 1_000, now_ms: () => now_ms };
    const worker = await connect(file.engine(), {}, options);
    const { epoch } = await worker.open();
    worker.submit('old');
    await worker.settle();
    now_ms += 900;
    worker.submit('young');
    await worker.settle();
    now_ms += 500;
    while ((await worker.texts()).length > 1) await Bun.sleep(1);
    expect(await worker.texts()).toEqual(['text of young']);
    now_ms += 5_000;
    while ((await worker.texts()).length > 0) await Bun.sleep(1);
    // It is open: its order goes on.
    expect(await worker.open()).toMatchObject({ epoch, head: 2 });
    worker.log.close(ROOM);
    worker.observer.closed(ROOM);
    const isGone = async () => (await worker.log.open(ROOM)).epoch !== epoch;
    while (!(await isGone())) {
      worker.log.close(ROOM);
      await Bun.sleep(2);
    }
    await worker.close();
  });
});
