import { describe, expect, test } from 'bun:test';
import { UnavailableError } from '../errors.ts';
import { type Answer, LogObserver } from './contract/observer.ts';
import { describeLogContract, type MakeHarness } from './contract.ts';
import { ManualScheduler } from './scheduler.ts';
import { SimulatedLog } from './simulated.ts';
import { gentle, nasty, type SimulatedOptions } from './simulated_options.ts';

type Faults = Omit<SimulatedOptions, 'seed'>;

const harness =
  (faults: Faults): MakeHarness =>
  (sink, settings) => {
    const scheduler = new ManualScheduler();
    return {
      log: new SimulatedLog(sink, { ...faults, ...settings, scheduler }),
      step: () => scheduler.advance(3),
      settle: () => scheduler.runAll(),
      dispose: async () => {},
    };
  };

const traits = { epoch_after_close: 'kept', ids_remembered: 'exactly', queue: 'bounded' } as const;
const good = { ...traits, answers: 'always' } as const;
const bad = { ...traits, answers: 'may be lost' } as const;

for (const seed of [1, 2, 3]) {
  describeLogContract(`simulated, gentle, seed ${seed}`, good, harness(gentle), seed);
}
for (const seed of [1, 2, 3, 4, 5, 6]) {
  describeLogContract(`simulated, nasty, seed ${seed}`, bad, harness(nasty), seed);
}
describeLogContract(
  'simulated, a record at a time',
  bad,
  harness({ ...nasty, batch_records_max: 1 }),
);

const draft = (text: string, id?: string) =>
  id === undefined
    ? { from: 'Ann', from_id: 'ann', text }
    : { from: 'Ann', from_id: 'ann', text, id };

function simulate(options: Partial<SimulatedOptions>) {
  const scheduler = new ManualScheduler();
  const observer = new LogObserver();
  const log = new SimulatedLog(observer, { ...gentle, seed: 1, scheduler, ...options });
  const open = async (room: string) => {
    const [opened] = await Promise.all([log.open(room), scheduler.runAll()]);
    observer.opened(room, opened);
    return opened;
  };
  const submit = (token: number, id?: string) => {
    observer.submitting(token);
    return log.submit('lobby', draft(`text ${token}`, id), token);
  };
  return { scheduler, observer, log, open, submit };
}

describe('simulated log', () => {
  test('the same seed gives publishes the same fates, whenever they come', async () => {
    const fates: (Answer | undefined)[][] = [];
    for (const pause of [0, 1, 7]) {
      const { scheduler, observer, open, submit } = simulate({
        ...nasty,
        open_failure_probability: 0,
        seed: 42,
      });
      await open('lobby');
      for (let token = 0; token < 300; token += 1) {
        submit(token);
        if (pause > 0 && token % pause === 0) await scheduler.advance(2);
      }
      await scheduler.runAll();
      fates.push(Array.from({ length: 300 }, (_, token) => observer.answer(token)));
    }
    expect(fates[1]).toEqual(fates[0] ?? []);
    expect(fates[2]).toEqual(fates[0] ?? []);
  });

  test('nasty does everything the port allows', async () => {
    const seen = new Set<string>();
    const { scheduler, observer, log, open, submit } = simulate({
      ...nasty,
      open_failure_probability: 0,
    });
    await open('lobby');
    let delivered = 0;
    let newest = 0;
    const committed = observer.committed.bind(observer);
    observer.committed = (room, epoch, records) => {
      const first = records[0]?.offset ?? 0;
      const last = records.at(-1)?.offset ?? 0;
      delivered = Math.max(delivered, last);
      if (first > newest && records.some(({ offset, prev }) => offset !== prev + 1))
        seen.add('hole');
      if (first <= newest) seen.add(last > newest ? 'again, then new' : 'again alone');
      newest = Math.max(newest, last);
      committed(room, epoch, records);
    };
    observer.onAcknowledged = (token) => {
      const answer = observer.answer(token);
      if (answer?.kind !== 'acknowledged') return;
      seen.add(answer.offset <= delivered ? 'delivered first' : 'acknowledged first');
    };
    for (let token = 0; token < 2_000; token += 1) {
      submit(token);
      if (token % 10 === 0) await scheduler.advance(5);
    }
    await scheduler.runAll();
    const texts = new Set(observer.records('lobby').map((record) => record.text));
    for (let token = 0; token < 2_000; token += 1) {
      const answer = observer.answer(token);
      const said = answer?.kind === 'refused' ? answer.code : (answer?.kind ?? 'no answer');
      seen.add(`${said}, ${texts.has(`text ${token}`) ? 'committed' : 'not committed'}`);
    }
    for (let times = 0; times < 50; times += 1) {
      const reading = Promise.allSettled([log.read('lobby', { after: 0 }, 1)]);
      await scheduler.runAll();
      seen.add(`read ${(await reading)[0].status}`);
    }
    expect([...seen].sort()).toEqual([
      'acknowledged first',
      'acknowledged, committed',
      'again alone',
      'again, then new',
      'delivered first',
      'hole',
      'no answer, committed',
      'read fulfilled',
      'read rejected',
      'unavailable, not committed',
      'unknown_outcome, committed',
      'unknown_outcome, not committed',
    ]);
    expect(observer.violations).toEqual([]);
  });

  test('nasty engines fail to open now and then, gentle ones never', async () => {
    const outcomes = async (faults: Faults) => {
      const { scheduler, log } = simulate(faults);
      const opening = Promise.allSettled(
        Array.from({ length: 100 }, (_, index) => log.open(`room ${index}`)),
      );
      await scheduler.runAll();
      return new Set((await opening).map((result) => result.status));
    };
    expect(await outcomes(nasty)).toEqual(new Set(['fulfilled', 'rejected'] as const));
    expect(await outcomes(gentle)).toEqual(new Set(['fulfilled'] as const));
  });

  test('what was refused as unknown may be committed later, and its duplicate learns of it', async () => {
    const { scheduler, observer, open, submit } = simulate({ unknown_probability: 1, seed: 3 });
    await open('lobby');
    const learnt: (Answer | undefined)[] = [];
    for (let token = 0; token < 60; token += 2) {
      submit(token, `${token}`);
      observer.answer(token);
      while (observer.answer(token) === undefined) await scheduler.advance(1);
      expect(observer.answer(token)).toMatchObject({ kind: 'refused', code: 'unknown_outcome' });
      submit(token + 1, `${token}`);
      await scheduler.runAll();
      learnt.push(observer.answer(token + 1));
    }
    // Either it had been committed, or is in this try, or the engine loses the second try as well.
    expect(learnt.some((answer) => answer?.kind === 'acknowledged' && answer.duplicate)).toBe(true);
    expect(learnt.some((answer) => answer?.kind === 'refused')).toBe(true);
    expect(observer.violations).toEqual([]);
  });

  test('a room remembers its newest records, and opens with a part of them', async () => {
    const { scheduler, observer, log, open, submit } = simulate({
      recovery_records: 10,
      tail_records_max: 4,
    });
    await open('lobby');
    for (let token = 0; token < 30; token += 1) submit(token);
    await scheduler.runAll();
    const all = observer.records('lobby');
    expect(all).toHaveLength(30);
    const [records] = await Promise.all([log.read('lobby', { after: 0 }, 100), scheduler.runAll()]);
    expect(records).toEqual(all.slice(-10));
    expect((await open('lobby')).tail).toEqual(all.slice(-4));
  });

  test('a room at the last offset refuses', async () => {
    const last = Number.MAX_SAFE_INTEGER;
    const { scheduler, observer, open, submit } = simulate({
      offset_start: last - 2,
      hole_probability: 0,
    });
    expect(await open('lobby')).toMatchObject({ head: last - 2 });
    for (let token = 0; token < 4; token += 1) submit(token);
    await scheduler.runAll();
    const offsets = observer.records('lobby').map((record) => record.offset);
    expect(offsets).toEqual([last - 1, last]);
    for (const token of [2, 3]) {
      expect(observer.answer(token)).toMatchObject({ kind: 'refused', code: 'unavailable' });
    }
    expect(observer.violations).toEqual([]);
  });

  test('closing a room that is being opened gives the opening up', async () => {
    const { scheduler, log, submit } = simulate({});
    const opening = Promise.allSettled([log.open('lobby')]);
    log.close('lobby');
    await scheduler.runAll();
    const [result] = await opening;
    expect(result.status).toBe('rejected');
    if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(UnavailableError);
    expect(submit(1)).toBe(false);
  });

  test('stop drains a long queue, a record at a time', async () => {
    const { observer, log, open, submit } = simulate({ batch_records_max: 1, queue_max: 40_000 });
    await open('lobby');
    for (let token = 0; token < 40_000; token += 1) expect(submit(token)).toBe(true);
    await log.stop();
    expect(observer.records('lobby')).toHaveLength(40_000);
    expect(observer.violations).toEqual([]);
  });

  test('without a scheduler it runs on real time', async () => {
    const observer = new LogObserver();
    const log = new SimulatedLog(observer, { ...gentle, seed: 1 });
    observer.opened('lobby', await log.open('lobby'));
    observer.submitting(1);
    const answered = new Promise<void>((resolve) => {
      observer.onAcknowledged = () => resolve();
    });
    log.submit('lobby', draft('hello'), 1);
    await answered;
    await log.stop();
    expect(observer.records('lobby')).toHaveLength(1);
    expect(observer.violations).toEqual([]);
  });
});
