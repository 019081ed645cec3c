/** The longest wait a server may ask for: past it a timer would overflow, or the client seem dead. */
const SERVER_DELAY_MS_MAX = 600_000;

/**
 * Exponential backoff with full jitter: the n-th wait is uniform in [0, min(cap, base · 2ⁿ)), so that
 * clients cut at one moment come back spread over the whole window.
 */
export class Backoff {
  readonly #base_ms: number;
  readonly #cap_ms: number;
  readonly #random: () => number;
  #attempt = 0;

  constructor(base_ms: number, cap_ms: number, random: () => number = Math.random) {
    this.#base_ms = base_ms;
    this.#cap_ms = cap_ms;
    this.#random = random;
  }

  /** Waits drawn since the last `reset`. */
  get attempt(): number {
    return this.#attempt;
  }

  /** @returns how long to wait before the next attempt, in milliseconds */
  next(): number {
    const ceiling_ms = Math.min(this.#cap_ms, this.#base_ms * 2 ** this.#attempt);
    this.#attempt += 1;
    return this.#random() * ceiling_ms;
  }

  /** Draws the next wait as if at least `attempt` had gone before: "come back later". */
  skipTo(attempt: number): void {
    this.#attempt = Math.max(this.#attempt, attempt);
  }

  /** A wait from the upper half of the cap: for peers who must not come back soon at all. */
  rare(): number {
    this.#attempt += 1;
    return this.#cap_ms * (0.5 + this.#random() * 0.5);
  }

  reset(): void {
    this.#attempt = 0;
  }
}

/** A delay the server named, made safe for a timer. */
export const clampDelay = (delay_ms: number): number =>
  delay_ms > 0 ? Math.min(delay_ms, SERVER_DELAY_MS_MAX) : 0;
