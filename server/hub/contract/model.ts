import type { MessageRecord, Position, VolatileEvent } from '../../protocol/messages.ts';
import type { HubLimits, RoomHandle } from '../port.ts';
import type { Message } from './fixture.ts';
import { recordAt, sizeOf, wireOf } from './messages.ts';

/** One room as it should be: slow, simple, and nothing is ever let go. */
export class RoomModel {
  readonly name: string;
  readonly epoch: string;
  readonly handle: RoomHandle;
  /** What the log has committed. */
  readonly log: MessageRecord[] = [];
  /** How many of these the hub has been given. */
  delivered = 0;
  /** What the hub has been given, records and events in order, as clients read them. */
  readonly items: Message[] = [];
  /** How many of these are published, or were for nobody. */
  published = 0;
  /** Offsets of records that somebody was there for. */
  readonly owed = new Set<number>();
  /** Connections by user, in order of arrival. */
  readonly users = new Map<string, number>();
  /** When what is pending has to leave. */
  due_ms = Number.POSITIVE_INFINITY;
  readonly #limits: HubLimits;
  #published_ms = Number.NEGATIVE_INFINITY;

  constructor(name: string, epoch: string, handle: RoomHandle, limits: HubLimits) {
    this.name = name;
    this.epoch = epoch;
    this.handle = handle;
    this.#limits = limits;
  }

  get head(): number {
    return this.log[this.delivered - 1]?.offset ?? 0;
  }

  commit(hole: number, text: string): void {
    const prev = this.log.at(-1)?.offset ?? 0;
    this.log.push(recordAt(prev + 1 + hole, { prev, text }));
  }

  /** @returns what the log hands on: some old records, then the next `count` new ones */
  deliver(count: number, again: number, now_ms: number): readonly MessageRecord[] {
    const start = this.delivered;
    const fresh = this.log.slice(start, start + count);
    this.delivered += fresh.length;
    for (const record of fresh) {
      if (this.users.size > 0) this.owed.add(record.offset);
      this.take(wireOf(this.name, record), now_ms);
    }
    return [...this.log.slice(Math.max(0, start - again), start), ...fresh];
  }

  take(item: Message | VolatileEvent, now_ms: number): void {
    this.items.push({ ...item });
    if (this.users.size === 0) {
      this.published = this.items.length;
      return;
    }
    const pending = this.items.slice(this.published);
    const { flush_interval_ms, batch_records_max, batch_bytes_max } = this.#limits;
    const window_ms = this.#published_ms + flush_interval_ms;
    if (pending.length === 1) this.due_ms = Math.max(now_ms, window_ms);
    const bytes = pending.reduce((sum, message) => sum + sizeOf(message), 0);
    const isFull = pending.length >= batch_records_max || bytes >= batch_bytes_max;
    if (isFull) this.due_ms = Math.min(this.due_ms, now_ms);
  }

  /** All that is pending leaves: in a flush, or because of a join or a leave. */
  publish(now_ms: number): void {
    if (this.published === this.items.length) return;
    this.published = this.items.length;
    this.#published_ms = now_ms;
    this.due_ms = Number.POSITIVE_INFINITY;
  }

  /** The longest run of newest records within the bounds. */
  get history(): readonly MessageRecord[] {
    const kept: MessageRecord[] = [];
    let bytes = 0;
    for (const record of this.log.slice(0, this.delivered).reverse()) {
      bytes += sizeOf(wireOf(this.name, record));
      const isPastBound =
        kept.length === this.#limits.history_records_max || bytes > this.#limits.history_bytes_max;
      if (isPastBound) break;
      kept.unshift(record);
    }
    return kept;
  }

  /** The offset after which everything is here. */
  get floor(): number {
    return this.history[0]?.prev ?? this.head;
  }

  recover({ epoch, offset }: Position): { recovered: boolean; messages: Message[] } {
    const recovered = epoch === this.epoch && offset >= this.floor && offset <= this.head;
    const records = this.history.filter((record) => !recovered || record.offset > offset);
    return { recovered, messages: this.wire(records) };
  }

  page(before: number, limit: number): { messages: Message[]; before: number; more: boolean } {
    const older = this.history.filter((record) => record.offset < before);
    const records = older.slice(Math.max(0, older.length - limit));
    const oldest = records[0]?.prev ?? Math.min(before - 1, this.floor);
    return { messages: this.wire(records), before: oldest, more: oldest > this.floor };
  }

  wire(records: readonly MessageRecord[]): Message[] {
    return records.map((record) => wireOf(this.name, record));
  }
}
