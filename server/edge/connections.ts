import type { Connection } from './connection.ts';

export interface ConnectionLimits {
  readonly connections_max: number;
  /** 0: no cap. */
  readonly connections_per_address: number;
  readonly send_buffer_bytes_max: number;
}

/** A look at one connection costs about 10 ns: often enough to come before Bun does, and cheap. */
const SWEEP_INTERVAL_MS = 20;

/** Every open connection of this worker: how many there may be, and which of them read too slowly. */
export class Connections {
  readonly #limits: ConnectionLimits;
  readonly #open = new Set<Connection>();
  readonly #per_address = new Map<string, number>();
  #sweep: NodeJS.Timeout | undefined;
  #sweep_now: NodeJS.Immediate | undefined;

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#open.size;
  }

  /** @returns why no further connection from `address` is taken */
  refuses(address: string): 'server' | 'address' | undefined {
    const { connections_max, connections_per_address } = this.#limits;
    if (this.#open.size >= connections_max) return 'server';
    const isFull = (this.#per_address.get(address) ?? 0) >= connections_per_address;
    return connections_per_address > 0 && isFull ? 'address' : undefined;
  }

  add(connection: Connection): void {
    const { address } = connection;
    this.#open.add(connection);
    this.#per_address.set(address, (this.#per_address.get(address) ?? 0) + 1);
  }

  remove(connection: Connection): void {
    if (!this.#open.delete(connection)) return;
    const { address } = connection;
    const left = (this.#per_address.get(address) ?? 0) - 1;
    if (left > 0) this.#per_address.set(address, left);
    else this.#per_address.delete(address);
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
      if (buffered_bytes > this.#limits.send_buffer_bytes_max) connection.close('slow_reader');
    }
    // While anything waits in a socket it may yet grow past the limit without a further sign.
    if (anyWaiting) this.pressed();
  }
}
