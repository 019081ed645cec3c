import { UnavailableError } from '../errors.ts';
import type { Draft, MessageRecord } from '../protocol/messages.ts';
import { EpochSource } from './epoch.ts';
import { IdempotencyWindow, publishKey } from './idempotency.ts';
import type { Log, LogSink, OpenedRoom, Range } from './port.ts';
import { recordOf } from './record.ts';

export interface MemoryLogOptions {
  /** Publishes with an id that each room remembers. */
  readonly idempotency_ids_max: number;
  /** Milliseconds since 1970: what records carry as `timestamp`. */
  readonly now_ms?: () => number;
}

interface Room {
  readonly epoch: string;
  readonly window: IdempotencyWindow;
  head: number;
}

/**
 * The log of one process without an engine: it decides on the spot and keeps no records. The hub's
 * ring is the room's memory, and both are gone together when the room closes or the process ends:
 * each `open` of a closed room starts a new epoch.
 *
 * Every answer comes inside `submit`, the record first. Its queue is never full: `submit` returns
 * false only for a room that is not open and after `stop`.
 */
export class MemoryLog implements Log {
  readonly kind = 'memory';
  readonly recovery_records = 0;

  readonly #sink: LogSink;
  readonly #idempotency_ids_max: number;
  readonly #now_ms: () => number;
  readonly #epochs = new EpochSource();
  readonly #rooms = new Map<string, Room>();
  #stopped = false;

  constructor(sink: LogSink, options: MemoryLogOptions) {
    this.#sink = sink;
    this.#idempotency_ids_max = options.idempotency_ids_max;
    this.#now_ms = options.now_ms ?? Date.now;
  }

  async open(room: string): Promise<OpenedRoom> {
    if (this.#stopped) throw new UnavailableError('the log has stopped');
    let state = this.#rooms.get(room);
    if (state === undefined) {
      const window = new IdempotencyWindow(this.#idempotency_ids_max);
      state = { epoch: this.#epochs.next(), window, head: 0 };
      this.#rooms.set(room, state);
    }
    return { epoch: state.epoch, head: state.head, tail: [] };
  }

  submit(room: string, draft: Draft, token: number): boolean {
    const state = this.#rooms.get(room);
    if (state === undefined) return false;
    const { id } = draft;
    if (id === undefined) {
      this.#commit(room, state, draft, token);
      return true;
    }
    const key = publishKey(draft.from_id, id);
    const offset = state.window.find(key);
    if (offset !== undefined) {
      this.#sink.acknowledged(token, offset, true);
      return true;
    }
    // Remembered before the sink hears of it: the sink may submit again from inside its call.
    state.window.remember(key, state.head + 1);
    this.#commit(room, state, draft, token);
    return true;
  }

  async read(room: string, _range: Range, _limit: number): Promise<readonly MessageRecord[]> {
    if (!this.#rooms.has(room)) throw new UnavailableError('the room is not open');
    return [];
  }

  close(room: string): void {
    this.#rooms.delete(room);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#rooms.clear();
  }

  #commit(room: string, state: Room, draft: Draft, token: number): void {
    const prev = state.head;
    const offset = prev + 1;
    state.head = offset;
    const record = recordOf(draft, offset, prev, this.#now_ms());
    this.#sink.committed(room, state.epoch, [record]);
    this.#sink.acknowledged(token, offset, false);
  }
}
