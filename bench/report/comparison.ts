import type { Histogram } from '../load/histogram.ts';
import type { Case, ResultDocument, Subject } from './document.ts';
import type { MetricName } from './metrics.ts';
import { counts, mergedLatency } from './summary.ts';

/** Values that are read from the histogram of all runs together, from microseconds. */
const MERGED: Partial<Record<MetricName, (latency: Histogram) => number>> = {
  latency_mean_ms: ({ mean }) => mean,
  latency_p50_ms: (latency) => latency.percentile(50),
  latency_p90_ms: (latency) => latency.percentile(90),
  latency_p95_ms: (latency) => latency.percentile(95),
  latency_p99_ms: (latency) => latency.percentile(99),
  latency_p999_ms: (latency) => latency.percentile(99.9),
  latency_min_ms: ({ min }) => min,
  latency_max_ms: ({ max }) => max,
};

/** A value and between which bounds it lies. */
export interface Bounded {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** A subject in one of its cases, with what its counting runs show together. */
export class Entry {
  readonly subject: Subject;
  readonly case: Case;
  readonly #latency: Histogram;

  constructor(subject: Subject, chosen: Case) {
    this.subject = subject;
    this.case = chosen;
    this.#latency = mergedLatency(chosen.runs);
  }

  /** Of all runs that count, in microseconds. */
  get latency(): Histogram {
    return this.#latency;
  }

  get counting(): Case['runs'] {
    return this.case.runs.filter(counts);
  }

  /** In half of the runs or more the load client was the limit: what is sustained is a lower bound. */
  get sustainsMore(): boolean {
    const more = this.counting.filter(({ sustains_more }) => sustains_more === true);
    return this.counting.length > 0 && more.length * 2 >= this.counting.length;
  }

  /** The median; for latency the figure of all messages. Undefined where it was not measured. */
  figure(name: MetricName): number | undefined {
    const merged = MERGED[name];
    if (merged !== undefined && this.#latency.count > 0) return merged(this.#latency) / 1_000;
    return this.case.summary[name]?.median;
  }

  /** The figure with its interval, widened where messages and runs say different things. */
  bounded(name: MetricName): Bounded | undefined {
    const value = this.figure(name);
    const summary = this.case.summary[name];
    if (value === undefined || summary === undefined) return undefined;
    return { value, low: Math.min(summary.low, value), high: Math.max(summary.high, value) };
  }

  /**
   * This figure divided by the baseline's. The bounds are what single runs would give at the least
   * and at the most: with three to five runs a bootstrap knows no more than that, and hides it.
   * Undefined where one of them was not measured or the baseline's is 0.
   */
  ratio(name: MetricName, baseline: Entry): Bounded | undefined {
    const [one, other] = [this.figure(name), baseline.figure(name)];
    const [mine, its] = [this.case.summary[name], baseline.case.summary[name]];
    if (one === undefined || other === undefined || other === 0) return undefined;
    if (mine === undefined || its === undefined) return undefined;
    return { value: one / other, low: mine.min / its.max, high: mine.max / its.min };
  }
}

/** All subjects at one size. */
export interface Round {
  /** Empty when there is one size. */
  readonly label: string;
  readonly clients: number;
  readonly entries: readonly Entry[];
  /** Undefined when the baseline has no such case. */
  readonly baseline: Entry | undefined;
}

/** The sizes of a result, in their order, each with those subjects that have it. */
export function roundsOf({ subjects, baseline }: ResultDocument): readonly Round[] {
  const all = subjects.flatMap((subject) => subject.cases.map((one) => new Entry(subject, one)));
  const labels = [...new Set(all.map((entry) => entry.case.label))];
  return labels.map((label) => {
    const entries = all.filter((entry) => entry.case.label === label);
    return {
      label,
      clients: entries[0]?.case.clients ?? 0,
      entries,
      baseline: entries.find(({ subject }) => subject.name === baseline),
    };
  });
}
