import { afterAll, describe, expect } from 'bun:test';
import { requires } from '../../tests/support/requires.ts';
import { type Addon, loadAddon } from '../hub/native/addon.ts';
import type { NativeHubLimits } from '../hub/native/open.ts';
import { ENCODINGS } from '../protocol/encoding.ts';
import { ROOM, say, sayOnce } from './contract/drafts.ts';
import { SharedHub } from './contract/hub_workers.ts';
import { LogObserver } from './contract/observer.ts';
import { WorkerPair } from './contract/worker_pair.ts';
import { describeLogContract } from './contract.ts';
import { SharedMemoryLog } from './shared_memory.ts';

const TRAITS = {
  epoch_after_close: 'new',
  answers: 'always',
  ids_remembered: 'exactly',
  queue: 'none',
} as const;

const LAST = Number.MAX_SAFE_INTEGER;

const testAddon = requires('native-addon');
const loaded = loadAddon();
if (typeof loaded === 'string') {
  testAddon('log contract: shared memory', () => {
    throw new Error(`the addon ${loaded}`);
  });
} else {
  describeContract(loaded);
  describeTwoWorkers(loaded);
  describe('shared memory log', () => testBounds(loaded));
}

function describeContract(addon: Addon): void {
  describeLogContract('shared memory', TRAITS, (sink, { seed, idempotency_ids_max }) => {
    const hub = new SharedHub(addon, 1, { idempotency_ids_max });
    const encoding = ENCODINGS[Math.abs(seed) % ENCODINGS.length] ?? 'json';
    const worker = hub.connect(0, sink, encoding);
    return {
      log: worker,
      step: async () => worker.endTurn(),
      settle: async () => {
        do worker.endTurn();
        while (worker.isBusy);
        await nextTurn();
      },
      dispose: async () => {
        worker.detach();
        hub.close();
      },
    };
  });
}

/** One order for both, and an id used at one is known to the other: it is one log. */
function describeTwoWorkers(addon: Addon): void {
  describeLogContract('shared memory of two workers', TRAITS, (sink, { idempotency_ids_max }) => {
    const hub = new SharedHub(addon, 2, { idempotency_ids_max });
    const pair = new WorkerPair(hub, sink);
    const settle = async () => {
      pair.settle();
      await nextTurn();
    };
    const dispose = async () => {
      pair.dispose();
      hub.close();
    };
    return { log: pair, step: settle, settle, dispose };
  });
}

function testBounds(addon: Addon): void {
  const opened: { close(): void }[] = [];
  afterAll(() => {
    for (const each of opened) each.close();
  });
  const make = (workers: number, changes: Partial<NativeHubLimits> = {}) => {
    const hub = new SharedHub(addon, workers, changes);
    return Array.from({ length: workers }, (_, index) => {
      const observer = new LogObserver();
      const worker = hub.connect(index, observer, 'json');
      opened.push({ close: () => worker.detach() });
      if (index === 0) opened.push(hub);
      return { observer, worker };
    });
  };
  const only = <T>([one]: readonly T[]): T => {
    if (one === undefined) throw new Error('at least one');
    return one;
  };

  testAddon('a publish without memory for it is refused, and leaves no trace', async () => {
    const { observer, worker } = only(make(1, { pool_bytes_max: 1_024 * 1_024 }));
    observer.opened(ROOM, await worker.open(ROOM));
    const submit = (token: number) => {
      observer.submitting(token);
      const text = `${token} ${'long '.repeat(4_000)}`;
      expect(worker.submit(ROOM, sayOnce(`${token}`, text), token)).toBe(true);
    };
    // Nothing leaves before the turn is over: all of it has to be held.
    for (let token = 0; token < 200; token += 1) submit(token);
    worker.endTurn();
    const answers = Array.from({ length: 200 }, (_, token) => observer.answer(token));
    const refused = answers.flatMap((answer, token) => (answer?.kind === 'refused' ? [token] : []));
    expect(refused.length).toBeGreaterThan(100);
    expect(refused.length).toBeLessThan(200);
    expect(answers[refused[0] ?? 0]).toEqual({
      kind: 'refused',
      code: 'unavailable',
      retry_after_ms: 100,
    });
    expect(observer.records(ROOM)).toHaveLength(200 - refused.length);
    // The same id may try again once there is room.
    observer.submitting(200);
    worker.submit(ROOM, sayOnce(`${refused[0]}`, 'again'), 200);
    worker.endTurn();
    const offset = 200 - refused.length + 1;
    expect(observer.answer(200)).toEqual({ kind: 'acknowledged', offset, duplicate: false });
    expect(observer.violations).toEqual([]);
  });

  testAddon('an order at its end takes nothing more, and says so', async () => {
    const { observer, worker } = only(make(1));
    worker.hub.openRoom(ROOM, { epoch: 'e.1', head: LAST - 1, tail: [] });
    observer.opened(ROOM, await worker.open(ROOM));
    for (const token of [0, 1, 2]) {
      observer.submitting(token);
      worker.submit(ROOM, say(`text ${token}`), token);
    }
    worker.endTurn();
    expect(observer.answer(0)).toEqual({ kind: 'acknowledged', offset: LAST, duplicate: false });
    for (const token of [1, 2]) expect(observer.answer(token)?.kind).toBe('refused');
    expect(observer.records(ROOM).map(({ offset, text }) => [offset, text])).toEqual([
      [LAST, 'text 0'],
    ]);
    expect(observer.violations).toEqual([]);
  });

  testAddon('what is pending is answered before stop is over', async () => {
    const { observer, worker } = only(make(1));
    const log = new SharedMemoryLog(observer, worker.hub, { publishes_in_flight_max: 64 });
    observer.opened(ROOM, await log.open(ROOM));
    observer.submitting(0);
    expect(log.submit(ROOM, say('text 0'), 0)).toBe(true);
    await log.stop();
    expect(observer.answer(0)).toEqual({ kind: 'acknowledged', offset: 1, duplicate: false });
  });

  testAddon('an id that one worker has taken is known to the other', async () => {
    const workers = make(2);
    for (const { observer, worker } of workers) {
      observer.opened(ROOM, await worker.open(ROOM));
      observer.submitting(7);
      worker.submit(ROOM, sayOnce('1', 'hello'), 7);
    }
    // Both have written it down; the hub hears the second one first.
    for (const { worker } of workers.toReversed()) worker.endTurn();
    for (const { worker } of workers) worker.endTurn();
    const answers = workers.map(({ observer }) => observer.answer(7));
    expect(answers).toEqual([
      { kind: 'acknowledged', offset: 1, duplicate: true },
      { kind: 'acknowledged', offset: 1, duplicate: false },
    ]);
    for (const { observer } of workers) {
      expect(observer.records(ROOM)).toMatchObject([{ offset: 1, text: 'hello', id: '1' }]);
      expect(observer.violations).toEqual([]);
    }
  });
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
