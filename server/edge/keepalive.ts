import type { Connection } from './connection.ts';

const TICK_MS = 1_000;

/**
 * Finds peers that have gone without a word. A server that keeps sending never notices by itself: the
 * kernel takes the bytes. One timer for all connections: each stands in the bucket of the second in
 * which it is to be looked at again, so that a second costs what is due in it and nothing else.
 */
export class Keepalive {
  readonly #ping_ticks: number;
  readonly #pong_ticks: number;
  readonly #buckets: Set<Connection>[];
  readonly #timer: NodeJS.Timeout;
  #tick = 0;

  constructor(limits: { readonly ping_interval_ms: number; readonly pong_timeout_ms: number }) {
    this.#ping_ticks = Math.ceil(limits.ping_interval_ms / TICK_MS);
    this.#pong_ticks = Math.ceil(limits.pong_timeout_ms / TICK_MS);
    const ticks_max = Math.max(this.#ping_ticks, this.#pong_ticks);
    this.#buckets = Array.from({ length: ticks_max + 1 }, () => new Set<Connection>());
    this.#timer = setInterval(() => this.#turn(), TICK_MS);
  }

  add(connection: Connection): void {
    connection.seen_tick = this.#tick;
    this.#place(connection, this.#ping_ticks);
  }

  /** Any frame counts as life. */
  seen(connection: Connection): void {
    connection.seen_tick = this.#tick;
    connection.pinged = false;
  }

  remove(connection: Connection): void {
    this.#buckets[connection.bucket]?.delete(connection);
    connection.bucket = -1;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #turn(): void {
    this.#tick += 1;
    for (const connection of this.#buckets[this.#tick % this.#buckets.length] ?? []) {
      this.#look(connection);
    }
  }

  #look(connection: Connection): void {
    const silent_ticks = this.#tick - connection.seen_tick;
    connection.renew();
    this.remove(connection);
    if (silent_ticks < this.#ping_ticks) {
      this.#place(connection, this.#ping_ticks - silent_ticks);
    } else if (connection.pinged && !connection.isPaused) {
      connection.cut();
    } else {
      connection.pinged = true;
      this.#place(connection, this.#pong_ticks);
      connection.ping();
    }
  }

  #place(connection: Connection, ticks: number): void {
    connection.bucket = (this.#tick + ticks) % this.#buckets.length;
    this.#buckets[connection.bucket]?.add(connection);
  }
}
