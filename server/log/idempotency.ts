/**
 * (from_id, id) as one string. The length in front keeps the two apart whatever characters users and
 * clients choose: `1:ab` can only be the user `a` with the id `b`.
 */
export const publishKey = (from_id: string, id: string): string =>
  `${from_id.length}:${from_id}${id}`;

/**
 * What one room remembers of publishes with an id, so that the same one again is recognised: the
 * offset it got, or, for logs that answer later, the publish that still waits for its outcome.
 *
 * The oldest offset is forgotten first. A ring of keys knows which one that is: asking a Map for its
 * first key walks over every key deleted before it. What waits is not counted and never forgotten,
 * since its duplicate would be committed twice; the queue it waits in bounds it.
 */
export class IdempotencyWindow<Pending extends object = never> {
  readonly #ids_max: number;
  readonly #offsets = new Map<string, number>();
  readonly #pending = new Map<string, Pending>();
  readonly #ring: string[] = [];
  #oldest = 0;

  /** @param ids_max offsets to remember; 0 remembers none */
  constructor(ids_max: number) {
    this.#ids_max = ids_max;
  }

  find(key: string): number | Pending | undefined {
    return this.#offsets.get(key) ?? this.#pending.get(key);
  }

  /** A publish waits: until `remember` or `forget`, its duplicates find it here. */
  hold(key: string, pending: Pending): void {
    this.#pending.set(key, pending);
  }

  /** A publish has its place. Once more, as a redelivery does it, makes the key no younger. */
  remember(key: string, offset: number): void {
    this.forget(key);
    if (this.#ids_max === 0) return;
    const { size } = this.#offsets;
    this.#offsets.set(key, offset);
    if (this.#offsets.size > size) this.#makeRoomFor(key);
  }

  /** A held publish was refused: the same id may try again. Remembered offsets stay. */
  forget(key: string): void {
    // Logs that answer on the spot hold nothing, and need not look.
    if (this.#pending.size > 0) this.#pending.delete(key);
  }

  #makeRoomFor(key: string): void {
    if (this.#ring.length < this.#ids_max) {
      this.#ring.push(key);
      return;
    }
    const forgotten = this.#ring[this.#oldest];
    if (forgotten !== undefined) this.#offsets.delete(forgotten);
    this.#ring[this.#oldest] = key;
    this.#oldest = (this.#oldest + 1) % this.#ids_max;
  }
}
