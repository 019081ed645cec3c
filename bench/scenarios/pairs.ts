import { type Spread, spreadOf } from '../report/statistics.ts';
import { counts, measureRounds, type Round, type Run } from './rounds.ts';
import type { Progress } from './scenario.ts';
import type { Measurement } from './session.ts';

/** Two runs of the same round. */
export interface Pair<T = undefined> {
  readonly candidate: Measurement<T>;
  readonly baseline: Measurement<T>;
}

export interface Pairs<T = undefined> {
  readonly valid: readonly Pair<T>[];
  readonly problems: readonly string[];
}

/** Rounds of two. */
export async function measurePairs<T>(
  count: number,
  candidate: Run<T>,
  baseline: Run<T>,
  progress: Progress,
): Promise<Pairs<T>> {
  const { rounds, problems } = await measureRounds(count, [candidate, baseline], progress);
  return { valid: pairsOf(rounds, 0, 1), problems };
}

/** The rounds in which the runs of both servers count, by the place of the servers in a round. */
export const pairsOf = <T>(
  rounds: readonly Round<T>[],
  candidateIndex: number,
  baselineIndex: number,
): Pair<T>[] =>
  rounds.flatMap((round) => {
    const candidate = round[candidateIndex];
    const baseline = round[baselineIndex];
    if (candidate === undefined || baseline === undefined) return [];
    return counts(candidate) && counts(baseline) ? [{ candidate, baseline }] : [];
  });

/** The ratio within each pair, then the median: not the ratio of two medians. */
export const ratioOf = <T>(
  pairs: readonly Pair<T>[],
  figure: (measurement: Measurement<T>) => number,
): Spread => spreadOf(pairs.map(({ candidate, baseline }) => figure(candidate) / figure(baseline)));

/** The difference within each pair, then the median. */
export const differenceOf = <T>(
  pairs: readonly Pair<T>[],
  figure: (measurement: Measurement<T>) => number,
): Spread => spreadOf(pairs.map(({ candidate, baseline }) => figure(candidate) - figure(baseline)));
