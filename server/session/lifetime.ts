import type { Identity } from '../identity/identity.ts';

/** What a timer of the runtime takes at the most; past it, it would fire at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export interface LifetimeEvents {
  /** It ends in so many milliseconds: once, and soon enough to do something about it. */
  expiring(left_ms: number): void;
  expired(): void;
}

/** The end of one identity, and the warning before it. Costs nothing for those that do not end. */
export class Lifetime {
  readonly #events: LifetimeEvents;
  readonly #window_ms: number;
  #timer: NodeJS.Timeout | undefined;

  /** @param window_ms how long before the end the warning comes, or half-way there if that is later; 0: never */
  constructor(window_ms: number, events: LifetimeEvents) {
    this.#window_ms = window_ms;
    this.#events = events;
  }

  /** Counts for this identity from now on, and for none before it. */
  follow({ expires_at_ms }: Identity): void {
    this.stop();
    if (expires_at_ms === undefined) return;
    // Never before half of the time is over: who answers with the same token is not told at once again.
    const ahead_ms = Math.min(this.#window_ms, (expires_at_ms - Date.now()) / 2);
    this.#wait(expires_at_ms - ahead_ms, () => {
      const left_ms = Math.max(0, expires_at_ms - Date.now());
      if (this.#window_ms > 0) this.#events.expiring(left_ms);
      this.#wait(expires_at_ms, () => this.#events.expired());
    });
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** The wall clock may be set, and is looked at again when the time is over. */
  #wait(until_ms: number, then: () => void): void {
    const left_ms = until_ms - Date.now();
    if (left_ms <= 0) then();
    else {
      const wait_ms = Math.min(left_ms, TIMER_MS_MAX);
      this.#timer = setTimeout(() => this.#wait(until_ms, then), wait_ms);
    }
  }
}
