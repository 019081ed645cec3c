/** A handle packs the slot below and its generation above: all of 2^53 stay exact as numbers. */
const SLOTS_MAX = 2 ** 24;
const GENERATIONS_MAX = 2 ** 29 - 1;

/**
 * Values under handles that are never reused. A late answer that carries the handle of something
 * gone finds nothing, where an index or a recycled object would find somebody else.
 */
export class SlotTable<T> {
  readonly #values: (T | undefined)[] = [];
  readonly #generations: number[] = [];
  readonly #free: number[] = [];
  readonly #generations_max: number;
  #size = 0;

  /** @param generations_max after so many values a slot is used no more; less than 2^29 */
  constructor(generations_max = GENERATIONS_MAX) {
    this.#generations_max = generations_max;
  }

  get size(): number {
    return this.#size;
  }

  /** @throws RangeError past 16,777,216 values at a time */
  add(value: T): number {
    const slot = this.#free.pop() ?? this.#values.length;
    if (slot >= SLOTS_MAX) throw new RangeError('slot table full');
    const generation = (this.#generations[slot] ?? 0) + 1;
    this.#generations[slot] = generation;
    this.#values[slot] = value;
    this.#size += 1;
    return generation * SLOTS_MAX + slot;
  }

  get(handle: number): T | undefined {
    const slot = handle % SLOTS_MAX;
    return this.#generations[slot] === Math.floor(handle / SLOTS_MAX)
      ? this.#values[slot]
      : undefined;
  }

  /** @returns the value that stood there, undefined when the handle was gone already */
  remove(handle: number): T | undefined {
    const value = this.get(handle);
    if (value === undefined) return undefined;
    const slot = handle % SLOTS_MAX;
    this.#values[slot] = undefined;
    this.#size -= 1;
    // The handles of a slot that has had all its generations would begin to repeat.
    if ((this.#generations[slot] ?? 0) < this.#generations_max) this.#free.push(slot);
    return value;
  }

  *entries(): IterableIterator<readonly [handle: number, value: T]> {
    for (const [slot, value] of this.#values.entries()) {
      if (value !== undefined) yield [(this.#generations[slot] ?? 0) * SLOTS_MAX + slot, value];
    }
  }
}
