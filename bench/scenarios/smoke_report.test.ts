import { expect, test } from 'bun:test';
import { madeUpRun } from './made_up_runs.ts';
import type { Contest, Entry } from './smoke_contest.ts';
import { summariseContests } from './smoke_report.ts';

const entryOf = (hub: 'script' | 'native', workers: number): Entry => ({
  name: `${hub} ${workers}`,
  hub,
  workers,
  members_by_worker: Array.from({ length: workers }, () => 50),
});

/** One round: the bare loop takes 1,000 ms, entries what is said, at a latency of 5 ms each. */
function contestOf(mode: Contest['mode'], entries: readonly [Entry, number][]): Contest {
  const runs = entries.map(([{ name }, cpu_ms]) => madeUpRun(name, { cpu_ms, latency_ms: 5.2 }));
  return {
    encoding: mode === 'joined' ? 'ndjson' : 'json',
    mode,
    peer: 'bare',
    entries: entries.map(([entry]) => entry),
    starts: [],
    rounds: [[madeUpRun('bare'), ...runs]],
    problems: [],
  };
}

const targetsOf = (...contests: readonly Contest[]) =>
  summariseContests(contests).targets.map(({ name, limit, met }) => [name, limit, met]);

test('each way of sending has its own target against the bare loop', () => {
  const one = entryOf('native', 1);
  const p99 = ['p99, native 1 beside bare', 50, true];
  const cpu = 'CPU per delivery, native 1 ÷ bare';
  expect(targetsOf(contestOf('frame', [[one, 1_140]]))).toEqual([
    [cpu, 1.15, true],
    ['p50, native 1 less bare', 0.3, true],
    p99,
  ]);
  expect(targetsOf(contestOf('window', [[one, 1_140]]))).toEqual([[cpu, 1.1, false], p99]);
  expect(targetsOf(contestOf('joined', [[one, 1_090]]))).toEqual([[cpu, 1.1, true], p99]);
});

test('several workers are held to what one takes, not to the bare loop', () => {
  const contest = contestOf('joined', [
    [entryOf('script', 1), 1_200],
    [entryOf('native', 1), 1_000],
    [entryOf('native', 2), 1_140],
  ]);
  expect(targetsOf(contest).slice(0, 3)).toEqual([
    ['CPU per delivery, script 1 ÷ bare', 1.25, true],
    ['CPU per delivery, native 1 ÷ bare', 1.1, true],
    ['CPU per delivery, native 2 ÷ native 1', 1.15, true],
  ]);
  const [, comparisons] = summariseContests([contest]).tables;
  expect(comparisons?.map(({ comparison }) => comparison)).toContain(
    'CPU per delivery, native 2 ÷ bare',
  );
});

test('runs that do not count are in no figure, and what they received is checked all the same', () => {
  const entry = entryOf('native', 2);
  const bad = madeUpRun(entry.name, {
    cpu_ms: 9_000,
    report: { lost: 7, gaps: 3, orders: 2 },
    void_reasons: ['noise'],
  });
  const contest = contestOf('joined', [[entry, 1_000]]);
  const rounds = [...contest.rounds, [madeUpRun('bare'), bad]];
  const [servers, comparisons, checks] = summariseContests([{ ...contest, rounds }]).tables;
  expect(servers?.[1]).toMatchObject({ runs: '1 of 2', 'µs/delivery': '1.000' });
  expect(comparisons?.[0]).toMatchObject({ pairs: '1', median: '1.000', 'p50 more by ms': '0.20' });
  expect(checks?.[1]).toEqual({
    checked: 'native 2',
    'members by worker': '50+50',
    deliveries: '2000000',
    orders: '2',
    lost: '7',
    doubled: '0',
    overtaken: '0',
    foreign: '0',
    'offset gaps': '3',
  });
});

test('a server of which no run counts has neither ratio nor target', () => {
  const entry = entryOf('native', 1);
  const contest = contestOf('joined', [[entry, 1_000]]);
  const rounds = [[madeUpRun('bare'), madeUpRun(entry.name, { void_reasons: ['noise'] })]];
  const { tables, targets } = summariseContests([{ ...contest, rounds }]);
  expect(tables[0]?.[1]).toEqual({ server: 'native 1', runs: '0 of 1' });
  expect(tables[1]).toEqual([]);
  expect(targets).toEqual([]);
});
