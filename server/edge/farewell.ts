import type { Connection } from './connection.ts';
import type { Connections } from './connections.ts';

export interface FarewellLimits {
  readonly reconnect_jitter_ms: number;
  readonly shutdown_timeout_ms: number;
}

/** So many are told or closed in one turn of the event loop: the others are served in between. */
const BATCH = 500;
/** What is left of the time to stop for closing whoever is still here. */
const CLOSING_MS = 2_000;
/** A peer that reads answers a Close frame well within this. */
const ANSWER_MS_MAX = 1_000;

/**
 * How connections end when the server stops. Everybody is told to come back at a moment of their own
 * within a window, and served until then: who has somewhere else to go is away for no longer than it
 * takes to connect, and the others come back spread out. Who has not gone by then is closed.
 */
export class Farewell {
  readonly #connections: Connections;
  readonly #limits: FarewellLimits;
  readonly #hurried = Promise.withResolvers<void>();

  constructor(connections: Connections, limits: FarewellLimits) {
    this.#connections = connections;
    this.#limits = limits;
  }

  /** Tells everybody, and waits until they have gone, the window is over, or somebody is in a hurry. */
  async tell(): Promise<void> {
    const { reconnect_jitter_ms, shutdown_timeout_ms } = this.#limits;
    const stay_ms = Math.min(reconnect_jitter_ms, shutdown_timeout_ms - CLOSING_MS);
    const over = this.#within(
      stay_ms,
      Promise.race([this.#connections.empty(), this.#hurried.promise]),
    );
    await this.#each((connection) => connection.sendAway(reconnect_jitter_ms));
    await over;
  }

  /** From now on nobody is waited for. */
  hurry(): void {
    this.#hurried.resolve();
  }

  /** Closes whoever is left, and waits for those who answer. */
  async close(): Promise<void> {
    await this.#each((connection) => connection.close('restart'));
    await this.#within(ANSWER_MS_MAX, this.#connections.empty());
  }

  async #each(act: (connection: Connection) => void): Promise<void> {
    let done = 0;
    for (const connection of [...this.#connections]) {
      act(connection);
      done += 1;
      if (done % BATCH === 0) await new Promise(setImmediate);
    }
  }

  async #within(timeout_ms: number, event: Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.max(0, timeout_ms));
    });
    await Promise.race([event, late]);
    clearTimeout(timer);
  }
}
