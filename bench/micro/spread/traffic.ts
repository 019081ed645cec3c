import { randomBytes } from 'node:crypto';
import type { Draft } from '../../../server/protocol/messages.ts';

const TEXT_LENGTH = 90;
/** More than a room remembers, and without a common divisor with the number of rooms: no id comes back. */
const IDS = 10_007;
const TEXTS = 60;
const SENDERS = 10;
const MIXED_EVERY = 5;

const SENTENCE =
  'the quick brown fox jumps over the lazy dog while somebody says "hello" to us all. ';
const FOREIGN = 'żółty größer naïve 東京 ';

const textOf = (index: number, isMixed: boolean): string =>
  (isMixed && index % MIXED_EVERY === 0 ? FOREIGN : '')
    .concat(`${index} `, SENTENCE.repeat(2))
    .slice(0, TEXT_LENGTH);

/**
 * Messages as the server has them once it has decoded a frame: a fresh object each, from guests, with
 * ids as this project's client makes them.
 */
export class Traffic {
  readonly #texts: readonly string[];
  readonly #ids: readonly string[];
  readonly #senders: readonly { readonly from: string; readonly from_id: string }[];
  #next = 0;

  constructor(isMixed: boolean) {
    this.#texts = Array.from({ length: TEXTS }, (_, index) => textOf(index, isMixed));
    const senders = Array.from({ length: SENDERS }, () => randomBytes(9).toString('base64url'));
    const clients = senders.map(() => randomBytes(12).toString('hex'));
    this.#senders = senders.map((id) => ({ from: `guest-${id.slice(0, 4)}`, from_id: `g_${id}` }));
    this.#ids = Array.from({ length: IDS }, (_, index) => {
      const count = Math.floor(index / SENDERS);
      return `${clients[index % SENDERS]}-${count.toString(36)}`;
    });
  }

  /** The same messages from the first one on. */
  again(): this {
    this.#next = 0;
    return this;
  }

  next(): Draft {
    const index = this.#next;
    this.#next = index + 1 === IDS * TEXTS ? 0 : index + 1;
    const sender = this.#senders[index % SENDERS];
    return {
      from: sender?.from ?? '',
      from_id: sender?.from_id ?? '',
      text: this.#texts[index % TEXTS] ?? '',
      id: this.#ids[index % IDS] ?? '',
    };
  }
}
