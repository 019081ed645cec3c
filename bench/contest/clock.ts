import type { Plan } from './plan.ts';

/** Starting and stopping a server and an engine, and waiting for what is still on its way. */
const AROUND_S = 3;
/** A search tries about as many rates. */
const TRIALS = 9;

const SECONDS: Readonly<Record<Plan['kind'], (plan: Plan) => number>> = {
  traffic: ({ ramp, warmup, duration }) => ramp + warmup + duration,
  search: ({ ramp, warmup, duration }) => ramp + TRIALS * (warmup + duration + 1),
  churn: ({ ramp, warmup, duration }) => ramp + warmup + duration,
  idle: ({ ramp, warmup, duration }) => ramp + warmup + duration,
  storm: ({ ramp }) => 2 * ramp + AROUND_S,
  stall: ({ ramp, warmup, duration }) => ramp + 2 * (warmup + duration),
  echo: ({ ramp, warmup, duration }) => ramp + warmup + duration,
};

/** Seconds that one run of a plan takes, roughly. */
export const runSeconds = (plan: Plan): number => SECONDS[plan.kind](plan) + AROUND_S;

/** Says how far a contest is, and how long it will still take. */
export class Clock {
  readonly #runs: number;
  readonly #planned_s: number;
  readonly #started_ms = performance.now();
  #done = 0;

  constructor(plan: Plan, runs: number) {
    this.#runs = runs;
    this.#planned_s = runSeconds(plan);
  }

  /**
   * Such as `[3/12, 2 min left]`. What runs have taken so far says more than what was planned.
   * @param isDone whether another run is done, and is not made again
   */
  after(isDone: boolean): string {
    if (isDone) this.#done += 1;
    const taken_s = (performance.now() - this.#started_ms) / 1_000;
    const each_s = this.#done === 0 ? this.#planned_s : taken_s / this.#done;
    return `[${this.#done}/${this.#runs}, ${duration((this.#runs - this.#done) * each_s)} left]`;
  }
}

/** Such as `40 s` or `12 min`. */
export const duration = (seconds: number): string =>
  seconds < 100 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
