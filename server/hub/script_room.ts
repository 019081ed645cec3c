import { ENCODINGS, type EncodedPage, type Encoding, isBinary } from '../protocol/encoding.ts';
import * as json from '../protocol/json.ts';
import * as messagepack from '../protocol/messagepack.ts';
import type { MessageRecord, VolatileEvent } from '../protocol/messages.ts';
import { type EncodedRecord, History } from './history.ts';
import { Members } from './members.ts';
import type { HubLimits, RoomStart } from './port.ts';

/** Receives one frame for everybody who speaks `encoding`. */
export type Publish = (encoding: Encoding, data: string | Uint8Array, count: number) => void;

/** One room of the script hub: what it remembers, what it has yet to publish, who is in it. */
export class ScriptRoom {
  readonly name: string;
  readonly epoch: string;
  readonly members = new Members();
  readonly history: History;
  head: number;
  /** The offset up to which members have been sent everything. */
  cursor: number;
  /** Records after the cursor, whether they are still pending or not: offsets may have holes. */
  unpublished = 0;
  /** When the pending batch leaves, on the monotonic clock. */
  due_ms = 0;
  flushed_at_ms = Number.NEGATIVE_INFINITY;
  /** Set while pending records were let go and the log has been asked for them. */
  overrun: 'no' | 'unreported' | 'reported' = 'no';
  readonly #limits: HubLimits;
  #pending: EncodedRecord[] = [];
  #pending_bytes = 0;

  constructor(name: string, start: RoomStart, limits: HubLimits) {
    this.name = name;
    this.epoch = start.epoch;
    this.#limits = limits;
    this.head = start.head;
    this.cursor = start.head;
    this.history = new History(limits, start.head);
    const now_ms = Date.now();
    for (const record of start.tail) this.history.push(this.encode(record), now_ms);
  }

  get pendingCount(): number {
    return this.#pending.length;
  }

  /** Whether the pending batch is as large as a batch may be. */
  get isFull(): boolean {
    return (
      this.#pending_bytes >= this.#limits.batch_bytes_max ||
      this.#pending.length >= this.#limits.batch_records_max
    );
  }

  encode(record: MessageRecord): EncodedRecord {
    const line = json.encodeRecord(this.name, record);
    const spoken = this.members.speaking('msgpack') > 0;
    return {
      offset: record.offset,
      prev: record.prev,
      timestamp: record.timestamp,
      json: line,
      bytes: Buffer.byteLength(line),
      messagepack: spoken ? messagepack.encodeRecord(this.name, record) : undefined,
    };
  }

  encodeEvent(event: VolatileEvent): EncodedRecord {
    const line = json.encode(event);
    const bytes = Buffer.byteLength(line);
    return { offset: 0, prev: 0, timestamp: 0, json: line, bytes, messagepack: undefined };
  }

  /** @returns false when there is no room for it: what was pending has been let go */
  addPending(record: EncodedRecord): boolean {
    const bytes = this.#pending_bytes + record.bytes;
    if (bytes > this.#limits.pending_bytes_max && this.#pending.length > 0) {
      this.#clearPending();
      return false;
    }
    this.#pending.push(record);
    this.#pending_bytes = bytes;
    return true;
  }

  publishPending(publish: Publish): void {
    this.publishRecords(this.#pending, publish);
    this.#clearPending();
    this.unpublished = 0;
    this.cursor = this.head;
  }

  /** Cuts `records` into batches and publishes each in every encoding somebody speaks. */
  publishRecords(records: readonly EncodedRecord[], publish: Publish): void {
    if (this.members.connectionCount === 0) return;
    const { batch_bytes_max, batch_records_max } = this.#limits;
    let start = 0;
    let bytes = 0;
    for (const [index, record] of records.entries()) {
      const full = bytes + record.bytes > batch_bytes_max || index - start >= batch_records_max;
      if (full && index > start) {
        this.#publishBatch(records.slice(start, index), publish);
        start = index;
        bytes = 0;
      }
      bytes += record.bytes;
    }
    if (start < records.length) {
      this.#publishBatch(start === 0 ? records : records.slice(start), publish);
    }
  }

  #publishBatch(batch: readonly EncodedRecord[], publish: Publish): void {
    for (const encoding of ENCODINGS) {
      if (this.members.speaking(encoding) === 0) continue;
      if (encoding === 'json') {
        for (const record of batch) publish(encoding, record.json, 1);
      } else {
        publish(encoding, encodeBatch(encoding, batch), batch.length);
      }
    }
  }

  #clearPending(): void {
    this.#pending = [];
    this.#pending_bytes = 0;
  }
}

export const encodePage = (encoding: Encoding, records: readonly EncodedRecord[]): EncodedPage => ({
  count: records.length,
  data: encodeBatch(encoding, records),
});

function encodeBatch(encoding: Encoding, records: readonly EncodedRecord[]): string | Uint8Array {
  const [first] = records;
  if (isBinary(encoding)) {
    if (first !== undefined && records.length === 1) return messagepackOf(first);
    return messagepack.concat(records.map(messagepackOf));
  }
  if (first !== undefined && records.length === 1) return first.json;
  return records.map((record) => record.json).join('\n');
}

/** Made on demand: most rooms never have a reader of MessagePack, and JSON is the canonical form. */
function messagepackOf(record: EncodedRecord): Uint8Array {
  record.messagepack ??= messagepack.transcode(record.json);
  return record.messagepack;
}
