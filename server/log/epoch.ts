import { randomBytes } from 'node:crypto';

/**
 * Names epochs `<random start>.<generation>`: no two alike in one run, and none of this run alike
 * one of another, so an offset can never pass for one of an order that is gone.
 */
export class EpochSource {
  readonly #start = randomBytes(8).toString('hex');
  #generation = 0;

  next(): string {
    this.#generation += 1;
    return `${this.#start}.${this.#generation}`;
  }
}
