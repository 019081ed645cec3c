export interface OccupancyLimits {
  readonly connections_max: number;
  /** 0: no cap. */
  readonly connections_per_address: number;
}

/** What every worker needs to share one count: it can be sent to a worker as it is. */
export interface SharedOccupancy {
  readonly memory: SharedArrayBuffer;
  /** Keeps strangers from choosing addresses whose hashes collide. */
  readonly seed: bigint;
}

const [LOCK, TOTAL, HEAD_WORDS] = [0, 1, 2];
/** A slot is the two halves of an address's hash, and how many connections it has; 0 = free. */
const [HIGH, LOW, COUNT, SLOT_WORDS] = [0, 1, 2, 3];
const SLOTS_MIN = 16;
/** A thread that waits for the lock looks again this often: the other one holds it for nanoseconds. */
const LOOK_AGAIN_MS = 1;

/**
 * How many connections there are over all workers, in all and from each address: the kernel spreads
 * one client's connections over the workers as it likes, and a cap means all of them. Addresses stand
 * in a table with open addressing (linear probing, deletion by shifting back: Knuth, The Art of
 * Computer Programming, volume 3, 6.4, algorithm R), at most half full, under the 64 bits of their
 * hash.
 */
export class Occupancy {
  readonly #limits: OccupancyLimits;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #seed: bigint;
  readonly #mask: number;

  constructor(limits: OccupancyLimits, { memory, seed }: SharedOccupancy) {
    this.#limits = limits;
    this.#words = new Int32Array(memory);
    this.#seed = seed;
    this.#mask = slotsFor(limits) - 1;
  }

  static share(limits: OccupancyLimits): SharedOccupancy {
    const words = HEAD_WORDS + slotsFor(limits) * SLOT_WORDS;
    return {
      memory: new SharedArrayBuffer(words * Int32Array.BYTES_PER_ELEMENT),
      seed: crypto.getRandomValues(new BigUint64Array(1))[0] ?? 0n,
    };
  }

  /**
   * Takes a place for a connection that is about to be, to be given back with `release`.
   * @returns why there is none, and then nothing was taken
   */
  claim(address: string): 'server' | 'address' | undefined {
    const { connections_max, connections_per_address } = this.#limits;
    if (Atomics.add(this.#words, TOTAL, 1) >= connections_max) {
      Atomics.sub(this.#words, TOTAL, 1);
      return 'server';
    }
    if (connections_per_address === 0) return undefined;
    const isTaken = this.#locked(() => {
      const slot = this.#find(address);
      if (this.#at(slot, COUNT) >= connections_per_address) return false;
      this.#words[this.#index(slot, COUNT)] = this.#at(slot, COUNT) + 1;
      return true;
    });
    if (isTaken) return undefined;
    Atomics.sub(this.#words, TOTAL, 1);
    return 'address';
  }

  release(address: string): void {
    Atomics.sub(this.#words, TOTAL, 1);
    if (this.#limits.connections_per_address === 0) return;
    this.#locked(() => {
      const slot = this.#find(address);
      const left = this.#at(slot, COUNT) - 1;
      if (left < 0) throw new RangeError('an address gave back a place it did not have');
      this.#words[this.#index(slot, COUNT)] = left;
      if (left === 0) this.#close(slot);
    });
  }

  /** The slot of an address; one that had none has a free one under its name now. */
  #find(address: string): number {
    const hash = BigInt.asIntN(64, Bun.hash.wyhash(address, this.#seed));
    const [high, low] = [Number(hash >> 32n), Number(BigInt.asIntN(32, hash))];
    let slot = low & this.#mask;
    while (this.#at(slot, COUNT) > 0) {
      if (this.#at(slot, HIGH) === high && this.#at(slot, LOW) === low) return slot;
      slot = (slot + 1) & this.#mask;
    }
    this.#words[this.#index(slot, HIGH)] = high;
    this.#words[this.#index(slot, LOW)] = low;
    return slot;
  }

  /** Moves back whoever stands behind a free slot only because it was taken: no search stops short. */
  #close(free: number): void {
    let hole = free;
    for (let slot = (hole + 1) & this.#mask; this.#at(slot, COUNT) > 0; ) {
      const home = this.#at(slot, LOW) & this.#mask;
      if (((slot - home) & this.#mask) >= ((slot - hole) & this.#mask)) {
        const from = this.#index(slot, 0);
        this.#words.copyWithin(this.#index(hole, 0), from, from + SLOT_WORDS);
        this.#words[this.#index(slot, COUNT)] = 0;
        hole = slot;
      }
      slot = (slot + 1) & this.#mask;
    }
  }

  #index(slot: number, word: number): number {
    return HEAD_WORDS + slot * SLOT_WORDS + word;
  }

  #at(slot: number, word: number): number {
    return this.#words[this.#index(slot, word)] ?? 0;
  }

  #locked<T>(work: () => T): T {
    while (Atomics.compareExchange(this.#words, LOCK, 0, 1) !== 0) {
      Atomics.wait(this.#words, LOCK, 1, LOOK_AGAIN_MS);
    }
    try {
      return work();
    } finally {
      Atomics.store(this.#words, LOCK, 0);
      Atomics.notify(this.#words, LOCK, 1);
    }
  }
}

/** A power of two, so that a slot is some bits of a hash; none without a cap for addresses. */
function slotsFor({ connections_max, connections_per_address }: OccupancyLimits): number {
  if (connections_per_address === 0) return 1;
  return 2 ** Math.ceil(Math.log2(Math.max(SLOTS_MIN, 2 * connections_max)));
}
