import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { Histogram } from '../load/histogram.ts';
import type { CrowdReport, TrafficReport } from '../load/port.ts';
import { madeUpReport } from './made_up_report.ts';
import {
  type Evidence,
  faultsOf,
  judge,
  RULES,
  type RuleName,
  RunClock,
  type RunConditions,
  voidReasons,
} from './validity.ts';

function latencyOf(...values_us: readonly number[]): TrafficReport['latency_us'] {
  const latency = new Histogram();
  for (const value of values_us) latency.record(value);
  return latency.snapshot();
}

const REPORT = madeUpReport(latencyOf(80, 1_000, 9_000));
const CROWD: CrowdReport = { joined: 10, failed: 0, elapsed_ms: 5 };
const CONDITIONS: RunConditions = {
  planned_ms: 1_000,
  client_cpus: 1,
  noise_max: 3,
  clock: { wall_ms: 1_050, monotonic_ms: 1_050.4 },
  limits: { throttled_ms: 0, oom_kills: 0 },
};
const GOOD: Evidence = { crowd: CROWD, report: REPORT, ...CONDITIONS };

const { window } = REPORT;
const reported = (part: Partial<TrafficReport>): Partial<Evidence> => ({
  report: { ...REPORT, ...part },
});
const within = (part: Partial<TrafficReport['window']>): Partial<Evidence> =>
  reported({ window: { ...window, ...part } });

/** What passes by a hair, and what no longer does: the rule that says so, and its words. */
const CASES: readonly [RuleName, Partial<Evidence>, Partial<Evidence>, string][] = [
  [
    'nothing connected',
    { crowd: { ...CROWD, joined: 1 } },
    { crowd: { ...CROWD, joined: 0 } },
    'nobody could join',
  ],
  [
    'nothing planned',
    reported({ planned: 1, sent: 1 }),
    reported({ planned: 0, sent: 0 }),
    'there was nothing to measure',
  ],
  [
    'plan not sent',
    reported({ sent: 990 }),
    reported({ sent: 989 }),
    'only 989 of 1000 messages were sent',
  ],
  [
    'client saturated',
    within({ client_cpu_ms: 799 }),
    within({ client_cpu_ms: 800 }),
    'the load client used 80 % of its core',
  ],
  [
    'client saturated',
    { ...within({ client_cpu_ms: 1_599 }), client_cpus: 2 },
    { ...within({ client_cpu_ms: 1_700 }), client_cpus: 2 },
    'the load client used 85 % of its 2 cores',
  ],
  [
    'noise',
    within({ client_waited_ms: 30 }),
    within({ client_waited_ms: 31 }),
    'others kept a core busy for 3.1 % of the run',
  ],
  [
    'noise',
    { ...within({ client_waited_ms: 900 }), noise_max: 90 },
    within({ server: { cpu_ms: 400, waited_ms: 50, rss_bytes: 1 } }),
    'others kept a core busy for 5.0 % of the run',
  ],
  [
    'too slow',
    reported({ elapsed_ms: 1_500 }),
    reported({ elapsed_ms: 1_501 }),
    'the run took 1501 ms instead of 1000',
  ],
  [
    'more than was sent',
    reported({ deliveries: 9_999 }),
    reported({ deliveries: 10_001 }),
    '10001 deliveries were counted where 10000 can be accounted for',
  ],
  [
    'negative latency',
    reported({ latency_us: latencyOf(1) }),
    // Recorded as nought: that is what the histogram makes of it.
    reported({ latency_us: latencyOf(900, -20) }),
    'messages arrived before they were to be sent',
  ],
  [
    'clock drift',
    { clock: { wall_ms: 10_050, monotonic_ms: 10_000 } },
    { clock: { wall_ms: 9_949, monotonic_ms: 10_000 } },
    'the clock was set by 51 ms during the run',
  ],
  [
    'clock drift',
    { clock: { wall_ms: 1_005, monotonic_ms: 1_000 } },
    { clock: { wall_ms: 1_006, monotonic_ms: 1_000 } },
    'the clock was set by 6 ms during the run',
  ],
  [
    'clock drift',
    { clock: { wall_ms: 12, monotonic_ms: 10 } },
    { clock: { wall_ms: 100_051, monotonic_ms: 100_000 } },
    'the clock was set by 51 ms during the run',
  ],
  [
    'members missing',
    { crowd: { ...CROWD, failed: 0 } },
    { crowd: { ...CROWD, failed: 3, failure: 'refused' } },
    '3 members could not join: refused',
  ],
  ...(['lost', 'duplicated', 'reordered', 'foreign', 'gaps', 'disconnected'] as const).map(
    (kind): (typeof CASES)[number] => [
      'discrepancies',
      reported({ [kind]: 0 }),
      reported({ [kind]: 1 }),
      `1 ${kind}`,
    ],
  ),
  [
    'several orders',
    reported({ orders: 1 }),
    reported({ orders: 2 }),
    'members saw 2 different orders',
  ],
  [
    'errors answered',
    reported({ errors: {} }),
    reported({ errors: { unavailable: 3 } }),
    '3 errors "unavailable"',
  ],
  [
    'throttled',
    { limits: { throttled_ms: 10 } },
    { limits: { throttled_ms: 11 } },
    'its CPU limit held the server up for 11 ms',
  ],
  [
    'killed by its limit',
    { limits: {} },
    { limits: { oom_kills: 1 } },
    'its memory limit killed the server',
  ],
];

test('a good run breaks no rule', () => {
  expect(judge(GOOD)).toEqual([]);
});

test.each(CASES)('"%s" is what is found, and nothing else', (rule, passing, broken, message) => {
  expect(judge({ ...GOOD, ...passing })).toEqual([]);
  const { consequence } = RULES[rule];
  expect(judge({ ...GOOD, ...broken })).toEqual([{ rule, consequence, message }]);
});

test('every rule has a case', () => {
  expect(new Set(CASES.map(([rule]) => rule))).toEqual(new Set(Object.keys(RULES) as RuleName[]));
});

test('what was duplicated or invented is counted once, as that', () => {
  const report = { ...REPORT, deliveries: 10_005, duplicated: 3, foreign: 2 };
  expect(judge({ ...GOOD, report }).map(({ message }) => message)).toEqual([
    '3 duplicated',
    '2 foreign',
  ]);
});

test('figures that are no numbers do not pass for good ones', () => {
  const broken = { ...window, client_cpu_ms: Number.NaN, elapsed_ms: Number.NaN };
  const report = { ...REPORT, window: broken, elapsed_ms: Number.NaN, sent: Number.NaN };
  expect(judge({ ...GOOD, report }).map(({ rule }) => rule)).toEqual([
    'nothing planned',
    'plan not sent',
    'client saturated',
    'noise',
    'too slow',
  ]);
});

test('reasons and faults are kept apart', () => {
  const crowd = { joined: 0, failed: 10, elapsed_ms: 5, failure: 'refused' };
  const evidence = { ...GOOD, crowd, report: { ...REPORT, sent: 0, lost: 7 } };
  expect(voidReasons(evidence)).toEqual(['nobody could join', 'only 0 of 1000 messages were sent']);
  expect(faultsOf(evidence)).toEqual(['10 members could not join: refused', '7 lost']);
});

/** A run in which everything went as it should, on a client that had time to spare. */
const honest: fc.Arbitrary<Evidence> = fc
  .record({
    members: fc.integer({ min: 1, max: 10_000 }),
    planned: fc.integer({ min: 1, max: 1_000_000 }),
    planned_ms: fc.integer({ min: 100, max: 600_000 }),
    client_cpus: fc.integer({ min: 1, max: 8 }),
    latencies_us: fc.array(fc.integer({ min: 20, max: 2_000_000 })),
    isKnown: fc.boolean(),
    isClocked: fc.boolean(),
    unsent: fc.double({ min: 0, max: 0.0099, noNaN: true }),
    late: fc.double({ min: 0, max: 0.49, noNaN: true }),
    busy: fc.double({ min: 0, max: 0.79, noNaN: true }),
    slewed: fc.double({ min: -0.0005, max: 0.0005, noNaN: true }),
  })
  .map(({ members, planned, planned_ms, client_cpus, latencies_us, ...run }) => {
    const sent = Math.ceil(planned * (1 - run.unsent));
    const deliveries = sent * members;
    const elapsed_ms = planned_ms * (1 + run.late);
    const measured = {
      ...{ elapsed_ms: planned_ms, deliveries, frames: deliveries, bytes: deliveries * 200 },
      ...{ client_cpu_ms: planned_ms * client_cpus * run.busy, client_waited_ms: 0 },
    };
    const server = { cpu_ms: planned_ms, waited_ms: 0, rss_bytes: 2 ** 20 };
    const report: TrafficReport = {
      ...{ ...REPORT, planned, sent, deliveries, expected_deliveries: deliveries, elapsed_ms },
      window: run.isKnown ? { ...measured, server } : measured,
      latency_us: latencyOf(...latencies_us),
    };
    // Daemons that keep the time move the clock by 500 parts in a million at the most.
    const drift_ms = Math.max(-50, Math.min(50, elapsed_ms * run.slewed));
    const clock = { monotonic_ms: elapsed_ms, wall_ms: elapsed_ms + drift_ms };
    const evidence = { crowd: { ...CROWD, joined: members }, report, planned_ms, client_cpus };
    return run.isClocked ? { ...evidence, clock, noise_max: 0 } : evidence;
  });

test('an honest run never breaks a rule', () => {
  fc.assert(fc.property(honest, (evidence) => expect(judge(evidence)).toEqual([])));
});

test('both clocks of a run tell the same time here', async () => {
  const clock = new RunClock();
  await Bun.sleep(20);
  const reading = clock.read();
  expect(reading.monotonic_ms).toBeGreaterThanOrEqual(19);
  expect(judge({ ...GOOD, clock: reading })).toEqual([]);
});
