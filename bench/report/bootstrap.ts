import { randomFrom } from './random.ts';
import { spreadOf } from './statistics.ts';

export interface Interval {
  readonly low: number;
  readonly high: number;
}

export interface Resampling {
  readonly seed: number;
  /** Share of intervals that should hold the true value, in per cent. */
  readonly confidence: number;
}

/** Twice what Efron and Tibshirani ask for in an interval by percentiles. */
const RESAMPLES = 2_000;

/**
 * Where the median of `values` may lie, by the percentile bootstrap: draw as many values with
 * replacement as there are, take their median, many times over, and cut off both tails.
 *
 * B. Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7 (1979);
 * B. Efron and R. Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13.
 *
 * With fewer than six values it reaches from the least to the greatest, which holds the true median
 * in three of four cases with three values, and in fifteen of sixteen with five.
 * @throws RangeError when there are no values
 */
export const medianInterval = (values: readonly number[], resampling: Resampling): Interval =>
  intervalOf(medians(values, randomFrom(resampling.seed)), resampling.confidence);

/**
 * The same for how much the median of `after` lies above that of `before`; both are resampled by
 * themselves, since runs of two files are no pairs.
 * @throws RangeError when one of them is empty
 */
export function differenceInterval(
  before: readonly number[],
  after: readonly number[],
  { seed, confidence }: Resampling,
): Interval {
  const random = randomFrom(seed);
  const from = medians(before, random);
  const differences = medians(after, random).map((median, at) => median - (from[at] ?? 0));
  return intervalOf(differences, confidence);
}

function medians(values: readonly number[], random: () => number): Float64Array {
  const drawn = values.map(() => 0);
  return new Float64Array(RESAMPLES).map(() => {
    for (const at of drawn.keys()) {
      drawn[at] = values[Math.floor(random() * values.length)] ?? Number.NaN;
    }
    return spreadOf(drawn).median;
  });
}

function intervalOf(estimates: Float64Array, confidence: number): Interval {
  const sorted = estimates.toSorted();
  const tail = Math.floor((sorted.length * (1 - confidence / 100)) / 2);
  return { low: sorted[tail] ?? Number.NaN, high: sorted.at(-1 - tail) ?? Number.NaN };
}
