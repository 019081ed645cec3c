/** Plain numbers, for another process or a file. `buckets` are index and count, one after the other. */
export interface HistogramSnapshot {
  readonly buckets: readonly number[];
  readonly min: number;
  readonly max: number;
  readonly sum: number;
}

/** 2^7 buckets for each power of two: a value is reported at most 1/128 too high. */
const PRECISION_BITS = 7;
const EXACT_BELOW = 2 ** (PRECISION_BITS + 1);
const VALUE_MAX = 2 ** 31 - 1;
const BUCKETS = (31 - PRECISION_BITS + 1) << PRECISION_BITS;

/**
 * Counts of whole, non-negative values (microseconds here) in buckets of a constant relative width:
 * histograms of several runs add up exactly, which percentiles never do.
 */
export class Histogram {
  readonly #counts = new Float64Array(BUCKETS);
  #count = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = 0;

  static of(snapshots: readonly HistogramSnapshot[]): Histogram {
    const whole = new Histogram();
    for (const snapshot of snapshots) whole.add(snapshot);
    return whole;
  }

  get count(): number {
    return this.#count;
  }

  /** 0 when nothing was recorded. */
  get mean(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count;
  }

  get min(): number {
    return this.#count === 0 ? 0 : this.#min;
  }

  get max(): number {
    return this.#max;
  }

  /** @param value is cut down to a whole number; below 0 counts as 0 and past 2^31 - 1 as that */
  record(value: number): void {
    const whole = Math.min(Math.max(0, Math.floor(value)), VALUE_MAX);
    const index = bucketOf(whole);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#count += 1;
    this.#sum += whole;
    if (whole < this.#min) this.#min = whole;
    if (whole > this.#max) this.#max = whole;
  }

  add({ buckets, min, max, sum }: HistogramSnapshot): void {
    for (let at = 0; at < buckets.length; at += 2) {
      const [index = 0, count = 0] = buckets.slice(at, at + 2);
      this.#counts[index] = (this.#counts[index] ?? 0) + count;
      this.#count += count;
    }
    this.#sum += sum;
    this.#min = Math.min(this.#min, min);
    this.#max = Math.max(this.#max, max);
  }

  /**
   * The smallest value that at least `percent` of the recorded values do not exceed, as the upper
   * end of its bucket and never more than the maximum. 0 when nothing was recorded.
   */
  percentile(percent: number): number {
    const rank = Math.max(1, Math.ceil((this.#count * percent) / 100));
    let seen = 0;
    for (const [index, count] of this.#counts.entries()) {
      seen += count;
      if (seen >= rank) return Math.min(this.#max, highestIn(index));
    }
    return 0;
  }

  snapshot(): HistogramSnapshot {
    const buckets: number[] = [];
    for (const [index, count] of this.#counts.entries()) {
      if (count > 0) buckets.push(index, count);
    }
    return { buckets, min: this.#min, max: this.#max, sum: this.#sum };
  }
}

function bucketOf(value: number): number {
  if (value < EXACT_BELOW) return value;
  const shift = 31 - Math.clz32(value) - PRECISION_BITS;
  return (shift << PRECISION_BITS) + (value >>> shift);
}

function highestIn(index: number): number {
  if (index < EXACT_BELOW) return index;
  const shift = (index >>> PRECISION_BITS) - 1;
  const leading = index - (shift << PRECISION_BITS);
  return (leading + 1) * 2 ** shift - 1;
}
