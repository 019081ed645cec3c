import { measure } from 'mitata';
import { threadClock } from './clock.ts';
import type { Case, Suite, Timing } from './suite.ts';

export type Request =
  | { readonly ask: 'measure'; readonly name: string; readonly time_ms: number }
  | { readonly ask: 'close'; readonly name: string };

export type Answer = { readonly timing?: Timing } | { readonly failure: string };

/** Enough for a median when one run takes longer than the time there is. */
const SAMPLES_MIN = 3;

/** Measures the cases of one suite, one request after the other. */
export class Host {
  readonly #clock = threadClock();
  readonly #suite: Suite;
  readonly #open = new Map<string, Case>();

  constructor(suite: Suite) {
    this.#suite = suite;
  }

  async answer(request: Request): Promise<Answer> {
    try {
      if (request.ask === 'close') return this.#close(request.name);
      return { timing: await this.#measure(request.name, request.time_ms) };
    } catch (error) {
      return { failure: error instanceof Error ? error.message : String(error) };
    }
  }

  async #measure(name: string, time_ms: number): Promise<Timing> {
    const one = this.#open.get(name) ?? (await this.#prepare(name));
    // A run is a sample: long enough for the clock. Garbage is collected when it is, and counts.
    const stats = await measure(() => one.run(), {
      ...(one.involvesOthers ? {} : { now: this.#clock.now_ns }),
      min_cpu_time: time_ms * 1e6,
      min_samples: SAMPLES_MIN,
      samples_threshold: Number.MAX_SAFE_INTEGER,
      warmup_samples: 0,
      batch_threshold: -1,
      gc: false,
    });
    return {
      mean_ns: stats.avg / one.operations,
      p50_ns: stats.p50 / one.operations,
      p99_ns: stats.p99 / one.operations,
      samples: stats.samples.length,
    };
  }

  async #prepare(name: string): Promise<Case> {
    const make = this.#suite.get(name);
    if (make === undefined) throw new Error(`there is no case "${name}"`);
    const one = await make();
    this.#open.set(name, one);
    for (let run = 0; run < one.warmup_runs; run += 1) await one.run();
    return one;
  }

  /** What is over is let go: its memory would be looked through for garbage in the next one's time. */
  #close(name: string): Answer {
    const one = this.#open.get(name);
    this.#open.delete(name);
    one?.close?.();
    return {};
  }
}
