/** Sums of fractional times are off by so little: who has waited as long as told is not sent away again. */
const ROUNDING_MS = 1e-6;

/**
 * A token bucket: `burst` tokens at first, `rate` a second after that. Time comes in from outside, on
 * a monotonic clock, so that a wall clock set back or forward neither starves nor floods anybody.
 */
export class TokenBucket {
  readonly #rate: number;
  readonly #burst: number;
  #tokens: number;
  #at_ms: number;

  /** @param rate tokens a second; 0 means no limit */
  constructor(rate: number, burst: number, now_ms: number) {
    this.#rate = rate;
    this.#burst = burst;
    this.#tokens = burst;
    this.#at_ms = now_ms;
  }

  /** @returns 0 when a token was taken, else the milliseconds until there is one */
  take(now_ms: number): number {
    if (this.#rate === 0) return 0;
    const gained = (Math.max(0, now_ms - this.#at_ms) * this.#rate) / 1_000;
    this.#tokens = Math.min(this.#burst, this.#tokens + gained);
    this.#at_ms = Math.max(this.#at_ms, now_ms);
    const wait_ms = ((1 - this.#tokens) * 1_000) / this.#rate;
    if (wait_ms > ROUNDING_MS) return Math.ceil(wait_ms);
    this.#tokens -= 1;
    return 0;
  }
}
