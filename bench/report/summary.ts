import { Histogram, type HistogramSnapshot } from '../load/histogram.ts';
import { medianInterval } from './bootstrap.ts';
import type { Case, Run, Summary } from './document.ts';
import { METRIC_NAMES } from './metrics.ts';
import { spreadOf } from './statistics.ts';

const SEED = 1;
const CONFIDENCE = 95;

export const counts = ({ void_reasons }: Run): boolean => void_reasons.length === 0;

/** Of each figure that at least one run has, over the runs that count. */
export function summarise(runs: readonly Run[], seed = SEED): Case['summary'] {
  const counting = runs.filter(counts);
  const summary: Case['summary'] = {};
  for (const name of METRIC_NAMES) {
    const values = counting.flatMap(({ figures }) => figures[name] ?? []);
    if (values.length > 0) summary[name] = summaryOf(values, seed);
  }
  return summary;
}

/** @throws RangeError when there are no values */
export function summaryOf(values: readonly number[], seed = SEED): Summary {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    ...spreadOf(values),
    mean,
    standard_deviation: standardDeviation(values, mean),
    ...medianInterval(values, { seed, confidence: CONFIDENCE }),
  };
}

/** Of a sample: divided by one less than there are values. 0 for a single value. */
function standardDeviation(values: readonly number[], mean: number): number {
  if (values.length < 2) return 0;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

/** Latency of all messages of all runs that count, in microseconds. */
export const mergedLatency = (runs: readonly Run[]): Histogram =>
  Histogram.of(runs.filter(counts).map(({ latency_us }) => fromSnapshot(latency_us)));

/** As files have it: JSON knows no infinity, which is the least of nothing. */
export function toSnapshot(snapshot: HistogramSnapshot): Run['latency_us'] {
  const { buckets, min, max, sum } = snapshot;
  return { buckets: [...buckets], min: Number.isFinite(min) ? min : null, max, sum };
}

/** As `Histogram` has it. */
export const fromSnapshot = ({ min, ...rest }: Run['latency_us']): HistogramSnapshot => ({
  ...rest,
  min: min ?? Number.POSITIVE_INFINITY,
});
