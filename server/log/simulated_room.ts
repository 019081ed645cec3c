import type { Draft, MessageRecord } from '../protocol/messages.ts';
import { IdempotencyWindow } from './idempotency.ts';
import type { OpenedRoom, Range } from './port.ts';
import { Random } from './random.ts';
import { recordOf } from './record.ts';
import { drawFate, type Fate, type Outcome, type SimulatedOptions } from './simulated_options.ts';

/** A publish in the room's queue. */
interface Publish {
  readonly draft: Draft;
  readonly key: string | undefined;
  /** Undefined once it is answered. */
  token: number | undefined;
  /** Tokens of the same (from_id, id), submitted while this one waits. */
  duplicates: number[];
  fate: Fate;
}

/** What a publish came to. `offset` is 0 when it has none. */
export interface Settlement {
  readonly token: number | undefined;
  readonly duplicates: readonly number[];
  readonly outcome: Outcome;
  readonly offset: number;
}

/** One room as the simulated engine keeps it: it outlives `close`, like a table or a stream. */
export class SimulatedRoom {
  readonly name: string;
  readonly epoch: string;
  readonly window: IdempotencyWindow<Publish>;
  is_open = false;
  /** Counts `close`: an `open` that one of them overtook must not open. */
  closings = 0;
  /** Whether the next batch has its appointment. */
  is_scheduled = false;

  readonly #options: SimulatedOptions;
  readonly #fates: Random;
  readonly #queue: Publish[] = [];
  readonly #records: MessageRecord[] = [];
  #head: number;
  /** Committed while the room is open, and not handed to the sink yet. */
  #undelivered: MessageRecord[] = [];

  constructor(name: string, epoch: string, options: SimulatedOptions) {
    this.name = name;
    this.epoch = epoch;
    this.window = new IdempotencyWindow(options.idempotency_ids_max);
    this.#options = options;
    this.#fates = Random.named(options.seed, name);
    this.#head = options.offset_start ?? 0;
  }

  get queued(): number {
    return this.#queue.length;
  }

  open(): OpenedRoom {
    this.is_open = true;
    const tail = this.#records.slice(-this.#options.tail_records_max);
    return { epoch: this.epoch, head: this.#head, tail };
  }

  close(): void {
    this.is_open = false;
    this.closings += 1;
    this.#undelivered = [];
  }

  enqueue(draft: Draft, key: string | undefined, token: number): void {
    const fate = drawFate(this.#fates, this.#options);
    const publish = { draft, key, token, duplicates: [], fate };
    if (key !== undefined) this.window.hold(key, publish);
    this.#queue.push(publish);
  }

  /** Decides up to `count` publishes, in the order they came. */
  commit(count: number, timestamp: number): readonly Settlement[] {
    const settlements: Settlement[] = [];
    for (let decided = 0; decided < count; decided += 1) {
      const publish = this.#queue[0];
      if (publish === undefined) break;
      if (publish.fate.outcome === 'unknown, committed later') {
        settlements.push(answerEarly(publish));
        // It keeps its place in the queue, and nothing overtakes it.
        break;
      }
      this.#queue.shift();
      settlements.push(this.#settle(publish, timestamp));
    }
    const excess = this.#records.length - this.#options.recovery_records;
    if (excess > 0) this.#records.splice(0, excess);
    return settlements;
  }

  /** @returns what the sink has not seen, oldest first */
  takeUndelivered(): MessageRecord[] {
    const records = this.#undelivered;
    this.#undelivered = [];
    return records;
  }

  /** @returns up to `count` records of those the sink has seen, or found below the head at `open` */
  pickDelivered(random: Random, count: number): MessageRecord[] {
    const delivered = this.#records.length - this.#undelivered.length;
    const start = random.between(0, Math.max(0, delivered - 1));
    return this.#records.slice(start, Math.min(start + count, Math.max(0, delivered)));
  }

  read(range: Range, limit: number): readonly MessageRecord[] {
    if ('after' in range) {
      return this.#records.filter((record) => record.offset > range.after).slice(0, limit);
    }
    const older = this.#records.filter((record) => record.offset < range.before);
    return older.slice(Math.max(0, older.length - limit));
  }

  #settle(publish: Publish, timestamp: number): Settlement {
    const { draft, key, token, duplicates, fate } = publish;
    const is_full = this.#head >= Number.MAX_SAFE_INTEGER;
    const outcome = is_full ? 'refused' : fate.outcome;
    if (outcome === 'refused' || outcome === 'unknown, gone') {
      if (key !== undefined) this.window.forget(key);
      return { token, duplicates, outcome, offset: 0 };
    }
    const prev = this.#head;
    const offset = Math.min(prev + fate.hole + 1, Number.MAX_SAFE_INTEGER);
    this.#head = offset;
    const record = recordOf(draft, offset, prev, timestamp);
    this.#records.push(record);
    if (this.is_open) this.#undelivered.push(record);
    if (key !== undefined) this.window.remember(key, offset);
    return { token, duplicates, outcome, offset };
  }
}

/** Nobody is told what becomes of it: only later duplicates learn. */
function answerEarly(publish: Publish): Settlement {
  const { token, duplicates, fate } = publish;
  publish.token = undefined;
  publish.duplicates = [];
  publish.fate = { ...fate, outcome: 'committed' };
  return { token, duplicates, outcome: fate.outcome, offset: 0 };
}
