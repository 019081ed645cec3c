import { expect, test } from 'bun:test';
import { LogObserver } from './contract/observer.ts';
import { describeLogContract } from './contract.ts';
import { MemoryLog } from './memory.ts';

describeLogContract(
  'memory',
  {
    epoch_after_close: 'new',
    answers: 'always',
    ids_remembered: 'exactly',
    queue: 'none',
  },
  (sink, settings) => ({
    log: new MemoryLog(sink, settings),
    step: nextTurn,
    settle: nextTurn,
    dispose: nextTurn,
  }),
);

/** It answers inside `submit`: only promises are left to settle. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test('the memory log decides before submit returns, and stamps its own clock', async () => {
  const observer = new LogObserver();
  const log = new MemoryLog(observer, { idempotency_ids_max: 10, now_ms: () => 1234 });
  observer.opened('lobby', await log.open('lobby'));
  observer.submitting(7);
  expect(log.submit('lobby', { from: 'Ann', from_id: 'ann', text: 'hello' }, 7)).toBe(true);
  expect(observer.answer(7)).toEqual({ kind: 'acknowledged', offset: 1, duplicate: false });
  expect(observer.records('lobby')).toEqual([
    { offset: 1, prev: 0, from: 'Ann', from_id: 'ann', text: 'hello', timestamp: 1234 },
  ]);
  expect(observer.violations).toEqual([]);
});

test('two memory logs never share an epoch', async () => {
  const epochs = new Set<string>();
  for (let start = 0; start < 3; start += 1) {
    const log = new MemoryLog(new LogObserver(), { idempotency_ids_max: 10 });
    for (let times = 0; times < 3; times += 1) {
      epochs.add((await log.open('lobby')).epoch);
      log.close('lobby');
    }
  }
  expect(epochs.size).toBe(9);
});
