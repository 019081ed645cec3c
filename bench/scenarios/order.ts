/** One run of one subject, at its place among all runs. */
export interface Turn<T> {
  readonly subject: T;
  /** Which of the subject's runs this is, from 0. */
  readonly run: number;
  /** Place in the order of all runs, from 0. */
  readonly order: number;
}

/** Seeds are whole numbers from 0 up to this, without it. */
export const SEED_SPAN = 2 ** 32;

/** A seed for those who name none. It belongs into the result: with it the order comes out again. */
export const drawSeed = (): number => Math.floor(Math.random() * SEED_SPAN);

/**
 * Every subject `runs` times, in rounds: each round holds every subject once, in an order of its own.
 * A machine that becomes slower or faster meanwhile then does so for all of them alike, and nobody
 * always runs behind the same other.
 * @param seed the same seed gives the same order, on every machine
 */
export function interleaved<T>(
  subjects: readonly T[],
  runs: number,
  seed: number,
): readonly Turn<T>[] {
  const random = randomFrom(seed);
  const rounds = Array.from({ length: runs }, (_, run) =>
    shuffled(subjects, random).map((subject) => ({ subject, run })),
  );
  return rounds.flat().map((turn, order) => ({ ...turn, order }));
}

/** By one random key each: with 32 bits, two subjects hardly ever share one. */
function shuffled<T>(values: readonly T[], random: () => number): readonly T[] {
  return values
    .map((value) => ({ value, key: random() }))
    .toSorted((one, other) => one.key - other.key)
    .map(({ value }) => value);
}

/** Mulberry32 by Tommy Ettinger: enough for an order, never for secrets. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / SEED_SPAN;
  };
}
