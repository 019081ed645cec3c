/** Time as the simulated log sees it: real timers, or a clock that a test moves. */
export interface Scheduler {
  /** @returns cancels the call, when it has not happened yet */
  after(delay_ms: number, run: () => void): () => void;
}

export const realTime: Scheduler = {
  after(delay_ms, run) {
    const timer = setTimeout(run, delay_ms);
    return () => clearTimeout(timer);
  },
};

interface Appointment {
  readonly due_ms: number;
  readonly run: () => void;
}

/** More than any test needs: past it, something schedules itself for ever. */
const APPOINTMENTS_MAX = 1_000_000;

/**
 * Time stands still until a test moves it. Promises that one call settles reach their waiters before
 * the next call is made, as with real timers.
 */
export class ManualScheduler implements Scheduler {
  /** In the order of due times; of two due at once, the earlier made comes first. */
  readonly #appointments: Appointment[] = [];
  #now_ms = 0;

  after(delay_ms: number, run: () => void): () => void {
    const appointment = { due_ms: this.#now_ms + delay_ms, run };
    const later = this.#appointments.findIndex((other) => other.due_ms > appointment.due_ms);
    this.#appointments.splice(later === -1 ? this.#appointments.length : later, 0, appointment);
    return () => {
      const index = this.#appointments.indexOf(appointment);
      if (index !== -1) this.#appointments.splice(index, 1);
    };
  }

  /** Makes every call due within `duration_ms`, also those made on the way. */
  async advance(duration_ms: number): Promise<void> {
    const until_ms = this.#now_ms + duration_ms;
    await this.#runUntil(until_ms);
    this.#now_ms = until_ms;
  }

  /** Moves on until nothing is left to do. */
  runAll(): Promise<void> {
    return this.#runUntil(Number.POSITIVE_INFINITY);
  }

  async #runUntil(until_ms: number): Promise<void> {
    await settlePromises();
    for (let made = 0; made < APPOINTMENTS_MAX; made += 1) {
      const [next] = this.#appointments;
      if (next === undefined || next.due_ms > until_ms) return;
      this.#appointments.shift();
      this.#now_ms = next.due_ms;
      next.run();
      await settlePromises();
    }
    throw new RangeError('the calls do not end');
  }
}

const settlePromises = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
