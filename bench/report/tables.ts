import { MAIN_FIGURES } from './columns.ts';
import { type Entry, type Round, roundsOf } from './comparison.ts';
import type { ResultDocument } from './document.ts';
import { METRIC_NAMES, type MetricName } from './metrics.ts';
import { counts } from './summary.ts';
import { figure, heading, multiple, NOTHING, number, significant } from './words.ts';

/** Rows by column, as every form of a result writes them. */
export interface Table {
  readonly title: string;
  readonly rows: readonly Readonly<Record<string, string>>[];
}

/** What a report says of one subject in a few lines. */
export interface Statistics {
  readonly subject: string;
  readonly messages: number;
  readonly seconds: number;
  /** Undefined when nothing was received. */
  readonly latency_ms: number | undefined;
  readonly per_second: number;
}

/** Of the runs that count, taken together. Undefined when none does. */
export function statisticsOf({
  subject,
  case: { label },
  counting,
  latency,
}: Entry): Statistics | undefined {
  if (counting.length === 0) return undefined;
  const messages = counting.reduce((sum, run) => sum + run.messages, 0);
  const seconds = counting.reduce((sum, run) => sum + run.window_ms, 0) / 1_000;
  return {
    subject: label === '' ? subject.name : `${subject.name}, ${label}`,
    messages,
    seconds,
    latency_ms: latency.count === 0 ? undefined : latency.mean / 1_000,
    per_second: seconds === 0 ? 0 : messages / seconds,
  };
}

/** The few lines, by what stands before each. */
export const statisticsLines = (of: Statistics): readonly (readonly [string, string])[] => [
  ['Total messages', String(of.messages)],
  ['Processing time', `${of.seconds.toFixed(3)}s`],
  ['Average latency', of.latency_ms === undefined ? NOTHING : `${of.latency_ms.toFixed(3)}ms`],
  ['Throughput', `${of.per_second.toFixed(2)} messages/sec`],
];

/** Columns that at least one entry can fill. */
const known = (names: readonly MetricName[], entries: readonly Entry[]): readonly MetricName[] =>
  names.filter((name) => entries.some((entry) => entry.figure(name) !== undefined));

/** Subjects with the main figures of their kind and their ratios to the baseline. */
export const mainTables = (document: ResultDocument): readonly Table[] =>
  roundsOf(document).map((round) => ({ title: round.label, rows: mainRows(document, round) }));

function mainRows({ plan }: ResultDocument, { entries, baseline }: Round): Table['rows'] {
  const { figures, ratios } = MAIN_FIGURES[plan.kind];
  const shown = known(figures, entries);
  return entries.map((entry) => ({
    server: entry.subject.name,
    profile: entry.subject.profile,
    ...Object.fromEntries(
      shown.flatMap((name) => {
        const cell: [string, string] = [heading(name), figureCell(entry, name)];
        if (!ratios.includes(name)) return [cell];
        return [cell, [`× ${shortLabel(name)}`, ratioCell(entry, name, baseline)] as const];
      }),
    ),
    runs: runsCell(entry),
  }));
}

export const figureCell = (entry: Entry, name: MetricName): string => {
  const value = entry.figure(name);
  if (value === undefined) return NOTHING;
  return name === 'sustained_per_s' && entry.sustainsMore
    ? `≥ ${figure(name, value)}`
    : figure(name, value);
};

const SHORT: Partial<Record<MetricName, string>> = {
  cpu_us_per_delivery: 'CPU',
  server_rss_peak_mib: 'memory',
  memory_per_connection_kib: 'memory each',
};

const shortLabel = (name: MetricName): string => SHORT[name] ?? heading(name).split(' ')[0] ?? '';

/** Where the client was the limit of one side, a ratio is a bound; of both, it is none at all. */
function boundOf(entry: Entry, baseline: Entry): string | undefined {
  if (entry.sustainsMore) return baseline.sustainsMore ? undefined : '≥ ';
  return baseline.sustainsMore ? '≤ ' : '';
}

/** Such as `0.52 × (0.50–0.55)`. */
export function ratioCell(entry: Entry, name: MetricName, baseline: Entry | undefined): string {
  if (baseline === undefined) return NOTHING;
  if (entry === baseline) return 'baseline';
  const ratio = entry.ratio(name, baseline);
  if (ratio === undefined) return NOTHING;
  const bound = name === 'sustained_per_s' ? boundOf(entry, baseline) : '';
  if (bound === undefined) return 'client full';
  return `${bound}${multiple(ratio.value)} (${significant(ratio.low)}–${significant(ratio.high)})`;
}

/** `5`, or `3 of 5` when some do not count. */
const runsCell = ({ counting, case: { runs } }: Entry): string =>
  counting.length === runs.length ? String(runs.length) : `${counting.length} of ${runs.length}`;

/** Every figure that was measured with its interval: a row each, a column for each subject. */
export const figureTables = (document: ResultDocument): readonly Table[] =>
  roundsOf(document).map(({ label, entries }) => ({
    title: label,
    rows: known(METRIC_NAMES, entries).map((name) => ({
      figure: heading(name),
      ...Object.fromEntries(entries.map((entry) => [entry.subject.name, boundedCell(entry, name)])),
    })),
  }));

function boundedCell(entry: Entry, name: MetricName): string {
  const bounded = entry.bounded(name);
  if (bounded === undefined) return NOTHING;
  const [value, low, high] = [bounded.value, bounded.low, bounded.high].map((one) =>
    figure(name, one),
  );
  return low === high ? `${value}` : `${value} (${low}–${high})`;
}

/** What was tried on the way to the highest rate, of the run that a plot shows. */
export const trialTables = (document: ResultDocument): readonly Table[] =>
  roundsOf(document).map(({ label, entries }) => ({
    title: label,
    rows: entries.flatMap((entry) =>
      (medianRun(entry, 'sustained_per_s')?.trials ?? [])
        .toSorted((a, b) => a.offered_per_s - b.offered_per_s)
        .map((trial) => ({
          server: entry.subject.name,
          'offered messages/s': number(trial.offered_per_s),
          'delivered messages/s': number(trial.delivered_per_s),
          'dropped %': number(trial.drop_percent, 3),
          'p99 ms': number(trial.latency_p99_ms, 2),
          sustained: trial.sustained ? 'yes' : 'no',
        })),
    ),
  }));

/** The run in the middle by this figure, of those that count; the lower one when there are two. */
export function medianRun(
  { counting }: Entry,
  name: MetricName,
): Entry['counting'][number] | undefined {
  const value = (run: Entry['counting'][number]): number => run.figures[name] ?? 0;
  const sorted = counting.toSorted((a, b) => value(a) - value(b));
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

/** What went wrong in which run: why it does not count, and what the server did. */
export const troubleTable = ({ subjects }: ResultDocument): Table => ({
  title: '',
  rows: subjects.flatMap(({ name, cases }) =>
    cases.flatMap(({ label, runs }) =>
      runs.flatMap((run) => {
        const errors = Object.entries(run.errors).map(
          ([code, count]) => `${count} errors "${code}"`,
        );
        const said = [...run.void_reasons, ...run.faults, ...errors];
        if (said.length === 0) return [];
        const server = label === '' ? name : `${name}, ${label}`;
        const fate = counts(run) ? 'counts' : 'does not count';
        return [{ server, run: `${run.order + 1}`, fate, 'what happened': said.join('; ') }];
      }),
    ),
  ),
});
