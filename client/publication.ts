import type { HubbubError, Outcome } from './errors.ts';
import type { OutboxEntry } from './outbox.ts';

/** The room has the message. */
export interface Receipt {
  readonly id: string;
  readonly room: string;
  /** Its place in the room's order. */
  readonly offset: number;
  /** An earlier send of it had arrived already, and only its acknowledgement had not. */
  readonly duplicate: boolean;
  /**
   * It was sent again after the room's epoch or this client's `user_id` had changed, so the server
   * could not recognise it: if the earlier send had arrived, the room may have it twice.
   */
  readonly resentAcrossReset: boolean;
}

export interface SendOptions {
  /** From now to the acknowledgement; the limit `send_deadline_ms` unless told. */
  readonly deadline_ms?: number;
}

/** One message on its way, with what is known about its sends so far. */
export class Publication implements OutboxEntry {
  readonly id: string;
  readonly room: string;
  readonly text: string;
  readonly bytes: number;
  /** `unknown` once a send of it may have arrived without an answer. */
  outcome: Outcome = 'none';
  /** Whom and what the server knew at the last send, and at the last one left in doubt. */
  #sentUnder: string | undefined;
  #doubtedUnder: string | undefined;
  #crossedReset = false;
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #settle: Settlement;

  constructor(entry: OutboxEntry, deadline: Deadline, settlement: Settlement) {
    this.id = entry.id;
    this.room = entry.room;
    this.text = entry.text;
    this.bytes = entry.bytes;
    this.#timer = setTimeout(deadline.passed, deadline.deadline_ms);
    this.#settle = settlement;
  }

  /** It goes out. `context` is what the server recognises its `id` within: epoch and user. */
  sent(context: string): void {
    this.#crossedReset ||= this.#doubtedUnder !== undefined && this.#doubtedUnder !== context;
    this.#sentUnder = context;
  }

  /** The last send may have arrived; nobody will say. */
  doubt(): void {
    this.outcome = 'unknown';
    this.#doubtedUnder = this.#sentUnder;
  }

  resolve(offset: number, duplicate: boolean): void {
    clearTimeout(this.#timer);
    const { id, room } = this;
    this.#settle.resolve({ id, room, offset, duplicate, resentAcrossReset: this.#crossedReset });
  }

  reject(error: HubbubError): void {
    clearTimeout(this.#timer);
    this.#settle.reject(error);
  }
}

interface Deadline {
  readonly deadline_ms: number;
  readonly passed: () => void;
}

interface Settlement {
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: HubbubError) => void;
}
