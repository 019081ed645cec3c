interface KeepaliveActions {
  /** Asks the peer for a sign of life. */
  ping(): void;
  /** There was none. */
  dead(): void;
}

/**
 * Notices a connection that died without a word. The server's own pings are control frames, which
 * browsers hide, so the client asks too: after `interval_ms` of silence, and at once believes less
 * when something it sent waits for an answer. Any inbound frame counts as life.
 */
export class Keepalive {
  readonly #interval_ms: number;
  readonly #answer_timeout_ms: number;
  readonly #actions: KeepaliveActions;
  readonly #tick_ms: number;
  readonly #timer: ReturnType<typeof setInterval>;
  #ticked_at = performance.now();
  #heard_at = performance.now();
  #asked_at: number | undefined;

  constructor(interval_ms: number, answer_timeout_ms: number, actions: KeepaliveActions) {
    this.#interval_ms = interval_ms;
    this.#answer_timeout_ms = answer_timeout_ms;
    this.#actions = actions;
    this.#tick_ms = Math.min(interval_ms, answer_timeout_ms) / 2;
    this.#timer = setInterval(() => this.#tick(), this.#tick_ms);
  }

  /** Something came in. */
  heard(): void {
    this.#heard_at = performance.now();
    this.#asked_at = undefined;
  }

  /** Something went out that the peer will answer. */
  asked(): void {
    this.#asked_at ??= performance.now();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const now = performance.now();
    const overslept = now - this.#ticked_at > this.#tick_ms * 2;
    this.#ticked_at = now;
    if (this.#asked_at === undefined) {
      if (now - this.#heard_at >= this.#interval_ms) this.#actions.ping();
    } else if (overslept) {
      // This side stood still, not the peer: its answer may wait in the socket, unread.
      this.#asked_at = now;
    } else if (now - this.#asked_at >= this.#answer_timeout_ms) {
      this.#actions.dead();
    }
  }
}
