import { type Spread, spreadOf } from '../report/statistics.ts';
import type { Progress } from './scenario.ts';
import type { Measurement } from './session.ts';

/** Two runs right after each other, so that a slow minute of the machine slows both. */
export interface Pair<T> {
  readonly candidate: Measurement<T>;
  readonly baseline: Measurement<T>;
}

export interface Pairs<T> {
  readonly valid: readonly Pair<T>[];
  readonly problems: readonly string[];
}

type Run<T> = () => Promise<Measurement<T>>;

/** Runs that did not count may be repeated this often for each that does. */
const REPEATS_MAX = 2;

/**
 * Measures pairs, each time the other one first. A pair with a run that does not count is measured
 * again, a few times; a server's fault is a problem and never repeated away.
 */
export async function measurePairs<T>(
  count: number,
  candidate: Run<T>,
  baseline: Run<T>,
  progress: Progress,
): Promise<Pairs<T>> {
  const valid: Pair<T>[] = [];
  const problems: string[] = [];
  let repeats = 0;
  while (valid.length < count) {
    const pair = await measurePair(valid.length % 2 === 0, candidate, baseline);
    const runs = [pair.candidate, pair.baseline];
    for (const run of runs) {
      progress(runLine(run));
      problems.push(...run.faults.map((fault) => `${run.server}: ${fault}`));
    }
    const reasons = runs.flatMap((run) => run.void_reasons.map((why) => `${run.server}: ${why}`));
    if (reasons.length === 0) {
      valid.push(pair);
    } else if (repeats < count * REPEATS_MAX) {
      repeats += 1;
      progress(`this pair does not count and is measured again: ${reasons.join('; ')}`);
    } else {
      problems.push(...reasons);
      break;
    }
  }
  return { valid, problems };
}

async function measurePair<T>(
  candidateFirst: boolean,
  candidate: Run<T>,
  baseline: Run<T>,
): Promise<Pair<T>> {
  if (candidateFirst) {
    const first = await candidate();
    return { candidate: first, baseline: await baseline() };
  }
  const first = await baseline();
  return { candidate: await candidate(), baseline: first };
}

const runLine = <T>({ server, figures }: Measurement<T>): string =>
  `${server}: ${figures.cpu_us_per_delivery.toFixed(3)} µs/delivery, ` +
  `p50 ${figures.latency_p50_ms.toFixed(1)} ms, p99 ${figures.latency_p99_ms.toFixed(1)} ms`;

/** The ratio within each pair, then the median: not the ratio of two medians. */
export const ratioOf = <T>(
  pairs: readonly Pair<T>[],
  figure: (measurement: Measurement<T>) => number,
): Spread => spreadOf(pairs.map(({ candidate, baseline }) => figure(candidate) / figure(baseline)));
