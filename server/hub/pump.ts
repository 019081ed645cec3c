import type { Hub } from './port.ts';

/**
 * Decides when the hub flushes: at the end of this turn of the event loop, or when a window closes.
 * `setImmediate` runs once per turn, after all of its messages; microtasks run after each one, and
 * batches would never grow past one.
 */
export class Pump {
  readonly #hub: Pick<Hub, 'flush' | 'nextDue_ms'>;
  #immediate: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #clock: () => number;
  #timer_due_ms = Number.POSITIVE_INFINITY;

  /** @param clock the hub's own, in milliseconds */
  constructor(hub: Pick<Hub, 'flush' | 'nextDue_ms'>, clock: () => number) {
    this.#hub = hub;
    this.#clock = clock;
  }

  /** @param due_ms on the hub's clock */
  wake(due_ms: number): void {
    if (this.#immediate !== undefined) return;
    const wait_ms = due_ms - this.#clock();
    if (wait_ms <= 0) {
      this.#immediate = setImmediate(() => this.#run());
    } else if (due_ms < this.#timer_due_ms) {
      clearTimeout(this.#timer);
      this.#timer_due_ms = due_ms;
      this.#timer = setTimeout(() => this.#run(), Math.ceil(wait_ms));
    }
  }

  stop(): void {
    clearImmediate(this.#immediate);
    clearTimeout(this.#timer);
  }

  #run(): void {
    clearTimeout(this.#timer);
    this.#immediate = undefined;
    this.#timer_due_ms = Number.POSITIVE_INFINITY;
    this.#hub.flush(this.#clock());
    const next_ms = this.#hub.nextDue_ms();
    if (next_ms !== undefined) this.wake(next_ms);
  }
}
