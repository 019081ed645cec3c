import { NO_OFFSET } from './chat.ts';

/** What went wrong with the messages that one or more members received. */
export interface Discrepancies {
  /** Sent, and not received when the waiting was over. */
  lost: number;
  /** Received again. */
  duplicated: number;
  /** Received behind a later message of the same sender. */
  reordered: number;
  /** Received and never sent: not by this run, or not into this room. */
  foreign: number;
  /** Received with an offset that does not follow on the one before. */
  gaps: number;
}

export const noDiscrepancies = (): Discrepancies => ({
  lost: 0,
  duplicated: 0,
  reordered: 0,
  foreign: 0,
  gaps: 0,
});

/** Sequence numbers stay below this: a sender and a sequence number make one key. */
const SEQUENCE_SPAN = 2 ** 32;

/**
 * What one member received, against what was sent. Each sender numbers its messages 0, 1, 2 …, so
 * that every loss, duplicate and overtaking shows, wherever it happened. Offsets, where there are some,
 * are checked on their own: they must agree.
 */
export class Ledger {
  readonly #sent: Readonly<Int32Array>;
  readonly #next: Int32Array;
  readonly #missing = new Set<number>();
  readonly #found = noDiscrepancies();
  #received = 0;
  #order = 0;
  #offset = NO_OFFSET;

  /** @param sent how many messages each sender of this member's room has sent; the run counts it up */
  constructor(sent: Readonly<Int32Array>) {
    this.#sent = sent;
    this.#next = new Int32Array(sent.length);
  }

  /** Everything received, duplicates and foreign messages included. */
  get received(): number {
    return this.#received;
  }

  /** Equal for two members who received the same messages in the same order. */
  get order(): number {
    return this.#order;
  }

  /** @param offset the room's number for the message: from the first one on, each is the next */
  note(sender: number, sequence: number, offset: number = NO_OFFSET): void {
    this.#received += 1;
    if (offset !== NO_OFFSET) {
      if (this.#offset !== NO_OFFSET && offset !== this.#offset + 1) this.#found.gaps += 1;
      this.#offset = offset;
    }
    this.#order = (Math.imul(this.#order, 31) + Math.imul(sender, 0x9e3779b1) + sequence) | 0;
    const expected = this.#next[sender];
    if (expected === undefined || sequence >= (this.#sent[sender] ?? 0)) {
      this.#found.foreign += 1;
    } else if (sequence >= expected) {
      for (let skipped = expected; skipped < sequence; skipped += 1) {
        this.#missing.add(sender * SEQUENCE_SPAN + skipped);
      }
      this.#next[sender] = sequence + 1;
    } else if (this.#missing.delete(sender * SEQUENCE_SPAN + sequence)) {
      this.#found.reordered += 1;
    } else {
      this.#found.duplicated += 1;
    }
  }

  /** Whether everything sent has arrived. */
  get isComplete(): boolean {
    return this.#lost() === 0;
  }

  discrepancies(): Discrepancies {
    return { ...this.#found, lost: this.#lost() };
  }

  #lost(): number {
    let unseen = this.#missing.size;
    for (const [sender, sent] of this.#sent.entries()) unseen += sent - (this.#next[sender] ?? 0);
    return unseen;
  }
}
