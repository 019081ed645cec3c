import type { Progress } from './scenario.ts';
import type { Measurement } from './session.ts';

/** One run of each server, right after each other: a slow minute of the machine slows all of them. */
export type Round<T = undefined> = readonly Measurement<T>[];

export interface Rounds<T = undefined> {
  /** In the order of the servers, whatever the order they ran in. Runs that do not count are there. */
  readonly rounds: readonly Round<T>[];
  readonly problems: readonly string[];
}

export type Run<T = undefined> = () => Promise<Measurement<T>>;

/** Rounds with a run that does not count may be repeated: for each that is wanted, one more. */
const ROUNDS_FACTOR_MAX = 2;

/**
 * Measures in rounds, each time in the opposite direction, until all runs of `count` rounds count or
 * twice as many have been tried. A server's fault is a problem and never repeated away.
 */
export async function measureRounds<T>(
  count: number,
  runs: readonly Run<T>[],
  progress: Progress,
): Promise<Rounds<T>> {
  const rounds: Round<T>[] = [];
  const complete = (): number => rounds.filter((round) => round.every(counts)).length;
  while (complete() < count && rounds.length < count * ROUNDS_FACTOR_MAX) {
    const round = await measureRound(runs, rounds.length % 2 === 1);
    for (const run of round) progress(runLine(run));
    rounds.push(round);
  }
  const all = rounds.flat();
  const faults = all.flatMap(({ server, faults: found }) => found.map((is) => `${server}: ${is}`));
  return { rounds, problems: complete() < count ? [...faults, ...voids(all)] : faults };
}

async function measureRound<T>(runs: readonly Run<T>[], isReversed: boolean): Promise<Round<T>> {
  const round: Measurement<T>[] = [];
  for (const run of isReversed ? runs.toReversed() : runs) round.push(await run());
  return isReversed ? round.toReversed() : round;
}

export const counts = ({ void_reasons }: Measurement<unknown>): boolean =>
  void_reasons.length === 0;

/** One line for each server some of whose runs do not count. */
function voids(runs: readonly Measurement<unknown>[]): string[] {
  return [...Map.groupBy(runs, ({ server }) => server)].flatMap(([server, all]) => {
    const ignored = all.filter((run) => !counts(run));
    const reasons = new Set(ignored.flatMap(({ void_reasons }) => void_reasons));
    return ignored.length === 0
      ? []
      : [`${server}: ${ignored.length} of ${all.length} runs do not count: ${[...reasons][0]}`];
  });
}

function runLine<T>({ server, figures, void_reasons }: Measurement<T>): string {
  const ignored = void_reasons.length === 0 ? '' : ` (does not count: ${void_reasons.join('; ')})`;
  return (
    `${server}: ${figures.cpu_us_per_delivery.toFixed(3)} µs/delivery, ` +
    `p50 ${figures.latency_p50_ms.toFixed(1)} ms, p99 ${figures.latency_p99_ms.toFixed(1)} ms${ignored}`
  );
}
