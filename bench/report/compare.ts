import { differenceInterval } from './bootstrap.ts';
import { MAIN_FIGURES } from './columns.ts';
import { Entry } from './comparison.ts';
import type { ResultDocument, Run } from './document.ts';
import { METRIC_NAMES, METRICS, type MetricName } from './metrics.ts';
import { spreadOf } from './statistics.ts';

/** Fewer say nothing about noise. */
const RUNS_MIN = 3;
const SEED = 1;
/** Many figures are compared at once: at 95 % one in twenty would differ by chance. */
const CONFIDENCE = 99;

export type Verdict =
  | 'better'
  | 'worse'
  /** Beyond the noise, in a figure that is neither good nor bad. */
  | 'changed'
  | 'within noise'
  | 'too few runs';

/** One figure of one server, before and after: medians of the runs that count. */
export interface Change {
  readonly server: string;
  readonly metric: MetricName;
  readonly before: number;
  readonly after: number;
  /** Of `before`; undefined when that is 0. */
  readonly percent: number | undefined;
  readonly verdict: Verdict;
  /** One of those that the scenario is run for: only they make a result worse. */
  readonly isMain: boolean;
}

/** What two results say about one another. */
export interface Comparison {
  readonly changes: readonly Change[];
  /** What makes them differ besides the servers, and what only one of them has. */
  readonly warnings: readonly string[];
}

export function compareDocuments(before: ResultDocument, after: ResultDocument): Comparison {
  const [old, young] = [entriesOf(before), entriesOf(after)];
  const shared = [...old].flatMap(([name, entry]) => {
    const other = young.get(name);
    return other === undefined ? [] : [{ name, entry, other }];
  });
  const main = MAIN_FIGURES[after.plan.kind].figures;
  return {
    changes: shared.flatMap(({ name, entry, other }) =>
      METRIC_NAMES.flatMap((metric) => changeOf(name, metric, main.includes(metric), entry, other)),
    ),
    warnings: [
      ...differences(before, after),
      ...[...old.keys()].filter((name) => !young.has(name)).map((name) => `only before: ${name}`),
      ...[...young.keys()].filter((name) => !old.has(name)).map((name) => `only after: ${name}`),
      ...[before, after].flatMap(({ problems, started_at }) =>
        problems.map((problem) => `the result of ${started_at} is invalid: ${problem}`),
      ),
    ],
  };
}

/** By subject and case. */
const entriesOf = ({ subjects }: ResultDocument): ReadonlyMap<string, Entry> =>
  new Map(
    subjects.flatMap((subject) =>
      subject.cases.map((one) => {
        const name = one.label === '' ? subject.name : `${subject.name}, ${one.label}`;
        return [name, new Entry(subject, one)] as const;
      }),
    ),
  );

const valuesOf = (runs: readonly Run[], metric: MetricName): readonly number[] =>
  runs.flatMap(({ figures }) => figures[metric] ?? []);

function changeOf(
  server: string,
  metric: MetricName,
  isMain: boolean,
  { counting }: Entry,
  other: Entry,
): readonly Change[] {
  const [from, to] = [valuesOf(counting, metric), valuesOf(other.counting, metric)];
  if (from.length === 0 || to.length === 0) return [];
  const [before, after] = [spreadOf(from).median, spreadOf(to).median];
  const percent = before === 0 ? undefined : ((after - before) * 100) / before;
  const verdict = verdictOn(metric, from, to);
  return [{ server, metric, before, after, percent, verdict, isMain }];
}

/** Beyond the noise when the interval of the difference of the medians does not hold nought. */
function verdictOn(
  metric: MetricName,
  before: readonly number[],
  after: readonly number[],
): Verdict {
  if (Math.min(before.length, after.length) < RUNS_MIN) return 'too few runs';
  const interval = differenceInterval(before, after, { seed: SEED, confidence: CONFIDENCE });
  if (interval.low <= 0 && interval.high >= 0) return 'within noise';
  const { better } = METRICS[metric];
  if (better === 'neither') return 'changed';
  return interval.low > 0 === (better === 'more') ? 'better' : 'worse';
}

const differences = (before: ResultDocument, after: ResultDocument): string[] => [
  ...different('machine', omitLoad(before), omitLoad(after)),
  ...different('plan', before.plan, after.plan),
  ...different('confinement', before.confinement, after.confinement),
];

const omitLoad = ({ machine: { load_average: _, ...rest } }: ResultDocument) => rest;

function different<T extends object>(what: string, before: T, after: T): string[] {
  const names = Object.keys({ ...before, ...after }) as (keyof T & string)[];
  return names
    .filter((name) => !Bun.deepEquals(before[name], after[name]))
    .map((name) => {
      const [from, to] = [before[name], after[name]].map((value) => JSON.stringify(value));
      return `${what} differs, ${name}: ${from} before, ${to} after`;
    });
}
