import type { Connection } from './connection.ts';

/** A look at one connection costs about 10 ns: often enough to come before Bun does, and cheap. */
const SWEEP_INTERVAL_MS = 20;

/** Every open connection of this worker, and which of them read too slowly. */
export class Connections {
  readonly #send_buffer_bytes_max: number;
  readonly #open = new Set<Connection>();
  #emptied: PromiseWithResolvers<void> | undefined;
  #sweep: NodeJS.Timeout | undefined;
  #sweep_now: NodeJS.Immediate | undefined;

  /** @param send_buffer_bytes_max what may wait in one socket */
  constructor(send_buffer_bytes_max: number) {
    this.#send_buffer_bytes_max = send_buffer_bytes_max;
  }

  add(connection: Connection): void {
    this.#open.add(connection);
  }

  remove(connection: Connection): void {
    this.#open.delete(connection);
    if (this.#open.size === 0) this.#emptied?.resolve();
  }

  /** Resolves once there is none. To be asked when no more are let in. */
  async empty(): Promise<void> {
    if (this.#open.size === 0) return;
    this.#emptied ??= Promise.withResolvers();
    await this.#emptied.promise;
  }

  /** Somebody's socket would not take a frame at once: look soon who has too much waiting. */
  pressed(): void {
    this.#sweep ??= setTimeout(() => this.#sweepSlow(), SWEEP_INTERVAL_MS);
  }

  /** A socket has more waiting than Bun allows it: close it with its true reason before Bun cuts it. */
  overflowed(): void {
    this.#sweep_now ??= setImmediate(() => this.#sweepSlow());
  }

  [Symbol.iterator](): IterableIterator<Connection> {
    return this.#open.values();
  }

  stop(): void {
    clearTimeout(this.#sweep);
    clearImmediate(this.#sweep_now);
  }

  /**
   * A Close frame stands behind what is buffered already. Bun lets go of a socket whose peer takes
   * neither about ten seconds later, and cuts at once past twice this limit.
   */
  #sweepSlow(): void {
    this.stop();
    this.#sweep = undefined;
    this.#sweep_now = undefined;
    let anyWaiting = false;
    for (const connection of this.#open) {
      const { buffered_bytes } = connection;
      anyWaiting ||= buffered_bytes > 0;
      if (buffered_bytes > this.#send_buffer_bytes_max) connection.close('slow_reader');
    }
    // While anything waits in a socket it may yet grow past the limit without a further sign.
    if (anyWaiting) this.pressed();
  }
}
