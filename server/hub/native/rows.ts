import { ENCODINGS, isBinary } from '../../protocol/encoding.ts';
import type { HubEvents } from '../port.ts';
import type { SharedMemory } from './memory.ts';

const WORDS_PER_ROW = 6;
const NUMBERS_PER_ROW = 3;

/** Hands the rows that the native side has written to whoever publishes them. */
export class RowReader {
  readonly #memory: SharedMemory;
  readonly #publish: HubEvents['publish'];

  constructor(memory: SharedMemory, events: HubEvents) {
    this.#memory = memory;
    this.#publish = events.publish;
  }

  /**
   * A slice costs about the same whatever its size, and most text is ASCII: one slice of all of it, and
   * a substring for each row, unless there is but one. Rows that are not ASCII are decoded one by one.
   */
  publish(count: number, text_bytes: number): void {
    if (count === 0) return;
    const { numbers, words } = this.#memory.view('rows');
    const text = this.#memory.view('text').bytes;
    const binary = this.#memory.view('binary').bytes;
    let ascii: string | undefined;
    for (let row = 0; row < count; row += 1) {
      const room = numbers[row * NUMBERS_PER_ROW] ?? 0;
      const word = row * WORDS_PER_ROW;
      const start = words[word + 2] ?? 0;
      const end = start + (words[word + 3] ?? 0);
      const messages = words[word + 4] ?? 0;
      const kind = words[word + 5] ?? 0;
      const encoding = ENCODINGS[kind & 0xff] ?? 'json';
      if (isBinary(encoding)) {
        this.#publish(room, encoding, binary.subarray(start, end), messages);
      } else if (kind >> 8 === 0) {
        this.#publish(room, encoding, text.utf8Slice(start, end), messages);
      } else {
        // Up to the newline behind the last record, which belongs to no row.
        ascii ??= text.latin1Slice(0, text_bytes - 1);
        const isAll = end - start === ascii.length;
        const data = isAll ? ascii : ascii.substring(start, end);
        this.#publish(room, encoding, data, messages);
      }
    }
  }
}
