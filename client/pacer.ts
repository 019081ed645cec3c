/**
 * A token bucket that keeps sends within what the server's welcome allows, so that a burst leaves
 * in order and spread out instead of half of it coming back `rate_limited`. Pure: times come in.
 */
export class Pacer {
  #per_ms = 0;
  #burst = 1;
  #tokens = 1;
  #filled_at = 0;
  #paused_until = 0;

  /** A new connection: its bucket is full. `per_second` 0 means no limit. */
  reset(per_second: number, burst: number, now: number): void {
    this.#per_ms = per_second / 1000;
    // One less than allowed: on the way, messages may come closer together than they left.
    this.#burst = Math.max(1, burst - 1);
    this.#tokens = this.#burst;
    this.#filled_at = now;
    this.#paused_until = 0;
  }

  /** The server said to wait all the same: nothing leaves before, and then one at a time. */
  pause(until: number): void {
    this.#paused_until = Math.max(this.#paused_until, until);
    this.#tokens = 1;
    this.#filled_at = this.#paused_until;
  }

  /** @returns how long until the next send is allowed, 0 when it is */
  delay_ms(now: number): number {
    if (now < this.#paused_until) return this.#paused_until - now;
    if (this.#per_ms === 0) return 0;
    this.#fill(now);
    return this.#tokens >= 1 ? 0 : (1 - this.#tokens) / this.#per_ms;
  }

  /** Counts one send. Only after `delay_ms` answered 0. */
  take(): void {
    if (this.#per_ms > 0) this.#tokens -= 1;
  }

  #fill(now: number): void {
    const tokens = this.#tokens + (now - this.#filled_at) * this.#per_ms;
    this.#tokens = Math.min(this.#burst, tokens);
    this.#filled_at = now;
  }
}
