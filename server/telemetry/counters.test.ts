import { expect, test } from 'bun:test';
import { CLOSE_CAUSES, CounterBoard, seen } from './counters.ts';
import { workerStats } from './stats.ts';

test('each worker counts for itself, and every thread reads them all', () => {
  const board = new CounterBoard(3);
  const elsewhere = new CounterBoard(3, board.memory);
  for (const worker of [0, 1, 2]) {
    const counters = board.ofWorker(worker);
    counters.connections += worker + 1;
    counters.frames_received = 2 ** 40 + worker;
    counters.closed.keepalive += 10 * worker;
    counters.upgrades_refused.draining += 1;
  }
  expect(workerStats(elsewhere)).toEqual(workerStats(board));
  expect(workerStats(elsewhere)).toMatchObject(
    [0, 1, 2].map((worker) => ({
      worker,
      connections: worker + 1,
      publishes_in_flight: 0,
      counters: {
        frames_received: 2 ** 40 + worker,
        closed: worker === 0 ? {} : { keepalive: 10 * worker },
        upgrades_refused: { bad_request: 0, draining: 1 },
      },
    })),
  );
});

test('no two counters share a place', () => {
  const board = new CounterBoard(2);
  const [mine, other] = board.all();
  if (mine === undefined || other === undefined) throw new Error('there are two');
  const groups = [mine, mine.closed, mine.upgrades_refused] as Record<string, unknown>[];
  let value = 0;
  const names = groups.flatMap((group) =>
    Object.entries(group)
      .filter(([, count]) => typeof count === 'number')
      .map(([name]) => ({ group, name })),
  );
  for (const { group, name } of names) group[name] = value += 1;
  expect(names.map(({ group, name }) => group[name])).toEqual(names.map((_, index) => index + 1));
  expect(seen(other.closed)).toEqual({});
  expect(Object.keys(mine.closed)).toEqual([...CLOSE_CAUSES]);
});

test('a snapshot does not go on counting', () => {
  const board = new CounterBoard(1);
  const before = workerStats(board);
  board.ofWorker(0).closed.keepalive += 1;
  board.ofWorker(0).refused += 1;
  expect(before[0]?.counters).toMatchObject({ refused: 0, closed: {} });
  expect(() => board.ofWorker(1)).toThrow(RangeError);
});
