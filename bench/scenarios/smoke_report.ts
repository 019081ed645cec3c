import { Histogram } from '../load/histogram.ts';
import type { HubKind } from '../process/hub.ts';
import type { PeerMode } from '../process/server.ts';
import type { Findings } from '../report/result.ts';
import { type Spread, spreadOf } from '../report/statistics.ts';
import { atMost, type Target } from '../report/target.ts';
import { differenceOf, type Pair, pairsOf, ratioOf } from './pairs.ts';
import { counts } from './rounds.ts';
import type { Measurement } from './session.ts';
import type { Contest, Entry } from './smoke_contest.ts';

/** CPU per delivery with one worker ÷ the bare loop's. */
const CPU_RATIO_MAX: Readonly<Record<HubKind, Partial<Record<PeerMode, number>>>> = {
  native: { frame: 1.15, window: 1.1, joined: 1.1 },
  script: { joined: 1.25 },
};
/** CPU per delivery with several workers ÷ with one. */
const WORKERS_RATIO_MAX = 1.15;
const P50_MORE_MS_MAX = 0.3;
const P99_MS_MAX = 50;

/** One server against another, from the rounds in which both count. */
interface Comparison {
  readonly name: string;
  readonly cpu_ratio: Spread;
  readonly p50_more_ms: Spread;
  readonly targets: readonly Target[];
}

export function summariseContests(contests: readonly Contest[]): Findings {
  const comparisons = contests.map(comparisonsOf);
  return {
    tables: [
      contests.flatMap(serverRows),
      comparisons.flat().map(comparisonRow),
      contests.flatMap(checkRows),
    ],
    targets: [
      ...comparisons.flat().flatMap(({ targets }) => targets),
      ...contests.flatMap(latencyTargets),
    ],
    problems: contests.flatMap(({ problems }) => problems),
    data: {
      comparisons: contests.map((contest, index) => ({
        ...contest,
        ratios: comparisons[index]?.map(({ targets: _, ...ratio }) => ratio),
      })),
    },
  };
}

/** Each entry against the bare loop, and several workers against one of the same hub. */
function comparisonsOf({ entries, mode, peer, rounds }: Contest): Comparison[] {
  return entries.flatMap((entry, index) => {
    const alone = entries.findIndex(({ hub, workers }) => hub === entry.hub && workers === 1);
    const withBare = comparisonOf(entry.name, peer, pairsOf(rounds, index + 1, 0), (comparison) =>
      bareTargets(entry, mode, comparison),
    );
    if (entry.workers === 1 || alone === -1) return withBare;
    const pairs = pairsOf(rounds, index + 1, alone + 1);
    const withOne = comparisonOf(entry.name, entries[alone]?.name ?? '', pairs, (comparison) => [
      atMost(comparison.name, WORKERS_RATIO_MAX, comparison.cpu_ratio.median, ''),
    ]);
    return [...withBare, ...withOne];
  });
}

function comparisonOf(
  candidate: string,
  baseline: string,
  pairs: readonly Pair[],
  targetsOf: (comparison: Omit<Comparison, 'targets'>) => readonly Target[],
): Comparison[] {
  if (pairs.length === 0) return [];
  const comparison = {
    name: `CPU per delivery, ${candidate} ÷ ${baseline}`,
    cpu_ratio: ratioOf(pairs, ({ figures }) => figures.cpu_us_per_delivery),
    p50_more_ms: differenceOf(pairs, ({ figures }) => figures.latency_p50_ms),
  };
  return [{ ...comparison, targets: targetsOf(comparison) }];
}

function bareTargets(
  { name, hub, workers }: Entry,
  mode: PeerMode,
  comparison: Omit<Comparison, 'targets'>,
): readonly Target[] {
  const limit = workers === 1 ? CPU_RATIO_MAX[hub][mode] : undefined;
  if (limit === undefined) return [];
  const cpu = atMost(comparison.name, limit, comparison.cpu_ratio.median, '');
  if (mode !== 'frame') return [cpu];
  const p50 = `p50, ${name} less bare`;
  return [cpu, atMost(p50, P50_MORE_MS_MAX, comparison.p50_more_ms.median, ' ms')];
}

const latencyTargets = ({ entries, peer, rounds }: Contest): Target[] =>
  entries.flatMap(({ name }, index) => {
    const runs = runsOf(rounds, index + 1).filter(counts);
    return runs.length === 0
      ? []
      : [atMost(`p99, ${name} beside ${peer}`, P99_MS_MAX, percentile(runs, 99), ' ms')];
  });

const runsOf = (rounds: Contest['rounds'], index: number): Measurement[] =>
  rounds.flatMap((round) => round[index] ?? []);

/** Of all runs together, in milliseconds. */
const percentile = (runs: readonly Measurement[], percent: number): number =>
  Histogram.of(runs.map(({ report }) => report.latency_us)).percentile(percent) / 1_000;

const serverRows = ({ entries, peer, rounds }: Contest): Record<string, string>[] =>
  [peer, ...entries.map(({ name }) => name)].map((name, index) =>
    serverRow(name, runsOf(rounds, index)),
  );

/** Medians of the runs that count; percentiles are of all of them together. */
function serverRow(server: string, all: readonly Measurement[]): Record<string, string> {
  const runs = all.filter(counts);
  if (runs.length === 0) return { server, runs: `0 of ${all.length}` };
  const median = (name: keyof Measurement['figures']): number =>
    spreadOf(runs.map(({ figures }) => figures[name])).median;
  const cpu = spreadOf(runs.map(({ figures }) => figures.cpu_us_per_delivery));
  return {
    server,
    runs: `${runs.length} of ${all.length}`,
    'µs/delivery': cpu.median.toFixed(3),
    'min–max': `${cpu.min.toFixed(3)}–${cpu.max.toFixed(3)}`,
    'bytes/delivery': median('bytes_per_delivery').toFixed(1),
    'messages/frame': median('messages_per_frame').toFixed(1),
    'p50 ms': percentile(runs, 50).toFixed(2),
    'p99 ms': percentile(runs, 99).toFixed(2),
    'RSS MiB': median('rss_mib').toFixed(0),
    'CPU %': (median('server_cpu_share') * 100).toFixed(0),
    'waited %': (median('server_waited_share') * 100).toFixed(1),
    'client CPU %': (median('client_cpu_share') * 100).toFixed(0),
  };
}

const comparisonRow = ({ name, cpu_ratio, p50_more_ms }: Comparison) => ({
  comparison: name,
  pairs: String(cpu_ratio.count),
  median: cpu_ratio.median.toFixed(3),
  min: cpu_ratio.min.toFixed(3),
  max: cpu_ratio.max.toFixed(3),
  'p50 more by ms': p50_more_ms.median.toFixed(2),
});

/** What every member received, in all runs: those too that do not count for figures. */
function checkRows({ entries, peer, rounds, starts }: Contest): Record<string, string>[] {
  return [{ name: peer, members_by_worker: undefined }, ...entries].map((server, index) => {
    const { name, members_by_worker } = server;
    const warmed = starts.filter((run) => run.server === name);
    const reports = [...warmed, ...runsOf(rounds, index)].map(({ report }) => report);
    const sum = (kind: 'deliveries' | 'lost' | 'duplicated' | 'reordered' | 'foreign' | 'gaps') =>
      String(reports.reduce((total, report) => total + report[kind], 0));
    return {
      checked: name,
      'members by worker': members_by_worker?.join('+') ?? '',
      deliveries: sum('deliveries'),
      orders: String(Math.max(...reports.map(({ orders }) => orders))),
      lost: sum('lost'),
      doubled: sum('duplicated'),
      overtaken: sum('reordered'),
      foreign: sum('foreign'),
      'offset gaps': members_by_worker === undefined ? '' : sum('gaps'),
    };
  });
}
