import type { HubLimits } from './port.ts';

/** One message as it goes out. MessagePack bytes exist only once somebody has asked for them. */
export interface EncodedRecord {
  /** 0 for a volatile event. */
  readonly offset: number;
  readonly prev: number;
  readonly timestamp: number;
  readonly json: string;
  readonly bytes: number;
  messagepack: Uint8Array | undefined;
}

type HistoryLimits = Pick<
  HubLimits,
  'history_records_max' | 'history_bytes_max' | 'history_age_ms_max'
>;

/** Below this many abandoned places at the front, moving the rest down costs more than it frees. */
const COMPACT_AT = 64;

/** Stands in an abandoned place, so that what was there is let go at once. */
const GONE: EncodedRecord = {
  offset: 0,
  prev: 0,
  timestamp: 0,
  json: '',
  bytes: 0,
  messagepack: undefined,
};

/**
 * The newest durable records of a room, oldest first, bounded by count, bytes and age.
 * `floor` is the offset before the oldest one kept: everything after it is here.
 */
export class History {
  readonly #limits: HistoryLimits;
  #records: EncodedRecord[] = [];
  #start = 0;
  #floor: number;
  #bytes = 0;

  constructor(limits: HistoryLimits, head: number) {
    this.#limits = limits;
    this.#floor = head;
  }

  get floor(): number {
    return this.#floor;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#records.length - this.#start;
  }

  /** A record that does not follow on the newest one begins anew: a run with a gap proves nothing. */
  push(record: EncodedRecord, now_ms: number): void {
    if (this.size > 0 && this.#records.at(-1)?.offset !== record.prev) this.#clear();
    if (this.size === 0) this.#floor = record.prev;
    this.#records.push(record);
    this.#bytes += record.bytes;
    this.trim(now_ms);
  }

  /** Lets go of what is past a limit. @param now_ms wall clock, like the records' timestamps */
  trim(now_ms: number): void {
    const { history_records_max, history_bytes_max, history_age_ms_max } = this.#limits;
    const oldest_ms = history_age_ms_max === 0 ? 0 : now_ms - history_age_ms_max;
    let first = this.#records[this.#start];
    while (
      first !== undefined &&
      (this.size > history_records_max ||
        this.#bytes > history_bytes_max ||
        first.timestamp < oldest_ms)
    ) {
      this.#floor = first.offset;
      this.#bytes -= first.bytes;
      this.#records[this.#start] = GONE;
      this.#start += 1;
      first = this.#records[this.#start];
    }
    if (this.#start > COMPACT_AT && this.#start * 2 > this.#records.length) {
      this.#records = this.#records.slice(this.#start);
      this.#start = 0;
    }
  }

  /** Everything after `offset` that is here. */
  after(offset: number): readonly EncodedRecord[] {
    return this.#records.slice(this.#indexAfter(offset));
  }

  /** The newest `limit` records before `offset`. */
  before(offset: number, limit: number): readonly EncodedRecord[] {
    const end = this.#indexAfter(offset - 1);
    return this.#records.slice(Math.max(this.#start, end - limit), end);
  }

  #clear(): void {
    this.#records = [];
    this.#start = 0;
    this.#bytes = 0;
  }

  /** Binary search: the first record with an offset past `offset`. */
  #indexAfter(offset: number): number {
    let low = this.#start;
    let high = this.#records.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#records[middle]?.offset ?? Number.POSITIVE_INFINITY) <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
