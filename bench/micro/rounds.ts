import { type Spread, spreadOf } from '../report/statistics.ts';
import type { Progress } from '../scenarios/scenario.ts';
import type { Comparison, Contender } from './comparisons.ts';
import { RemoteSuite } from './remote.ts';
import type { Timing } from './suite.ts';
import type { SuiteName } from './suites.ts';

/** One side's figures over all rounds, in nanoseconds for one operation. */
export interface Measured {
  readonly side: string;
  /**
   * The middle run of each round: whoever else is at work on the machine stretches some runs more than
   * that one. What collecting garbage costs is only partly in it, which favours who makes much.
   */
  readonly p50_ns: Spread;
  readonly p99_ns: Spread;
  readonly mean_ns: Spread;
  /** This side's middle run divided by the first side's in the same round: above 1 the first is faster. */
  readonly ratio: Spread;
}

export interface Compared {
  readonly name: string;
  readonly sides: readonly Measured[];
}

export interface Rounds {
  readonly rounds: number;
  readonly sample_ms: number;
}

/**
 * Runs comparisons one after the other, and the sides of each in rounds: the machine's speed drifts, so
 * only what was measured within a moment is divided by one another. Who begins changes with the round.
 */
export class Rounder {
  readonly #plan: Rounds;
  readonly #progress: Progress;
  readonly #remotes = new Map<SuiteName, RemoteSuite>();

  constructor(plan: Rounds, progress: Progress) {
    this.#plan = plan;
    this.#progress = progress;
  }

  async compare(comparisons: readonly Comparison[]): Promise<Compared[]> {
    const compared: Compared[] = [];
    for (const comparison of comparisons) {
      compared.push(await this.#compare(comparison));
      this.#progress(lineOf(compared.at(-1)));
    }
    return compared;
  }

  async stop(): Promise<void> {
    for (const remote of this.#remotes.values()) await remote.stop();
  }

  async #compare({ name, contenders }: Comparison): Promise<Compared> {
    const timings = new Map<Contender, Timing[]>(contenders.map((one) => [one, []]));
    for (let round = 0; round < this.#plan.rounds; round += 1) {
      const first = round % contenders.length;
      for (const one of [...contenders.slice(first), ...contenders.slice(0, first)]) {
        const timing = await this.#remote(one.suite).measure(one.case, this.#plan.sample_ms);
        timings.get(one)?.push(timing);
      }
    }
    for (const one of contenders) await this.#remote(one.suite).close(one.case);
    const all = [...timings];
    const base = all[0]?.[1] ?? [];
    return { name, sides: all.map(([{ side }, own]) => measuredOf(side, own, base)) };
  }

  #remote(name: SuiteName): RemoteSuite {
    const remote = this.#remotes.get(name) ?? new RemoteSuite(name);
    this.#remotes.set(name, remote);
    return remote;
  }
}

function measuredOf(side: string, own: readonly Timing[], base: readonly Timing[]): Measured {
  return {
    side,
    mean_ns: spreadOf(own.map(({ mean_ns }) => mean_ns)),
    p50_ns: spreadOf(own.map(({ p50_ns }) => p50_ns)),
    p99_ns: spreadOf(own.map(({ p99_ns }) => p99_ns)),
    ratio: spreadOf(own.map(({ p50_ns }, round) => p50_ns / (base[round]?.p50_ns ?? Number.NaN))),
  };
}

const lineOf = (compared: Compared | undefined): string =>
  `${compared?.name}: ${compared?.sides
    .map(({ side, p50_ns }) => `${side} ${p50_ns.median.toFixed(0)} ns`)
    .join(', ')}`;
