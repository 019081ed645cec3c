import type { ErrorCode } from '../../errors.ts';
import type { MessageRecord } from '../../protocol/messages.ts';
import type { LogSink, OpenedRoom } from '../port.ts';

export type Answer =
  | { readonly kind: 'acknowledged'; readonly offset: number; readonly duplicate: boolean }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly retry_after_ms: number };

/** One epoch of a room, as far as its log has told. */
export interface Epoch {
  readonly name: string;
  /** By offset. */
  readonly records: Map<number, MessageRecord>;
  /** What the next new record has to name as its `prev`. */
  head: number;
}

/** A room and its epochs, oldest first: the last one is the one that counts. */
interface ObservedRoom {
  readonly epochs: Epoch[];
  is_open: boolean;
}

/**
 * A sink that notes what it hears and holds each call, by itself, against the port. It notes
 * violations instead of throwing: an exception would land inside the log.
 */
export class LogObserver implements LogSink {
  readonly violations: string[] = [];
  /** Called after the observer has noted the call: for sinks that submit from inside one. */
  onCommitted: (room: string) => void = () => {};
  onAcknowledged: (token: number) => void = () => {};

  readonly #rooms = new Map<string, ObservedRoom>();
  /** Undefined while the token waits. */
  readonly #answers = new Map<number, Answer | undefined>();
  #silent = false;

  get rooms(): readonly string[] {
    return [...this.#rooms.keys()];
  }

  isOpen(room: string): boolean {
    return this.#rooms.get(room)?.is_open ?? false;
  }

  epochs(room: string): readonly Epoch[] {
    return this.#rooms.get(room)?.epochs ?? [];
  }

  /** What has been seen of the room's present epoch, oldest first. */
  records(room: string): readonly MessageRecord[] {
    const records = [...(this.epochs(room).at(-1)?.records.values() ?? [])];
    return records.sort((one, other) => one.offset - other.offset);
  }

  answer(token: number): Answer | undefined {
    return this.#answers.get(token);
  }

  submitting(token: number): void {
    this.#answers.set(token, undefined);
  }

  /** `submit` returned false. */
  turnedDown(token: number): void {
    if (this.#answers.get(token) !== undefined) this.#violated(`${token} turned down and answered`);
    this.#answers.delete(token);
  }

  opened(name: string, { epoch, head, tail }: OpenedRoom): void {
    const room = this.#rooms.get(name) ?? { epochs: [], is_open: false };
    const was_open = room.is_open;
    this.#rooms.set(name, room);
    room.is_open = true;
    let current = room.epochs.at(-1);
    if (current?.name !== epoch) {
      if (room.epochs.some((past) => past.name === epoch)) this.#violated(`${epoch} came back`);
      current = { name: epoch, records: new Map(), head: 0 };
      room.epochs.push(current);
    }
    // A room that is open goes on where its deliveries are: this answer may be ahead or behind.
    if (!was_open) {
      if (head < current.head) this.#violated(`head ${head} after ${current.head}`);
      current.head = head;
    }
    if (tail.length > 0 && tail.at(-1)?.offset !== head) this.#violated('tail ends off the head');
    this.#checkChain(tail);
    for (const record of tail) this.#note(current, record);
  }

  closed(name: string): void {
    const room = this.#rooms.get(name);
    if (room !== undefined) room.is_open = false;
  }

  stopped(): void {
    this.#silent = true;
  }

  /** For `read`: its records must be the ones delivered. */
  read(name: string, records: readonly MessageRecord[]): void {
    this.#checkChain(records);
    const current = this.epochs(name).at(-1);
    for (const record of records) if (current !== undefined) this.#note(current, record);
  }

  committed(name: string, epoch: string, records: readonly MessageRecord[]): void {
    this.#checkSilence('committed');
    const room = this.#rooms.get(name);
    const current = room?.epochs.at(-1);
    if (room === undefined || current === undefined || !room.is_open) {
      this.#violated(`records of ${name}, which is not open`);
      return;
    }
    if (current.name !== epoch) this.#violated(`records of epoch ${epoch}, not ${current.name}`);
    if (records.length === 0) this.#violated('an empty batch');
    for (const record of records) {
      if (record.offset > current.head) {
        if (record.prev !== current.head) {
          this.#violated(`${record.offset} says prev ${record.prev}, came after ${current.head}`);
        }
        current.head = record.offset;
      }
      this.#note(current, record);
    }
    this.onCommitted(name);
  }

  acknowledged(token: number, offset: number, duplicate: boolean): void {
    this.#settle(token, { kind: 'acknowledged', offset, duplicate });
    if (!(offset >= 1)) this.#violated(`${token} acknowledged at ${offset}`);
    this.onAcknowledged(token);
  }

  refused(token: number, code: ErrorCode, retry_after_ms: number): void {
    this.#settle(token, { kind: 'refused', code, retry_after_ms });
    if (!(retry_after_ms >= 0)) this.#violated(`retry_after_ms ${retry_after_ms}`);
  }

  #settle(token: number, answer: Answer): void {
    this.#checkSilence(answer.kind);
    if (!this.#answers.has(token)) this.#violated(`${token} answered, never submitted`);
    if (this.#answers.get(token) !== undefined) this.#violated(`${token} answered twice`);
    this.#answers.set(token, answer);
  }

  #note(epoch: Epoch, record: MessageRecord): void {
    const { offset, prev } = record;
    if (!Number.isSafeInteger(offset) || offset < 1) this.#violated(`offset ${offset}`);
    if (!(prev >= 0 && prev < offset)) this.#violated(`offset ${offset} after prev ${prev}`);
    const known = epoch.records.get(offset);
    if (known === undefined) epoch.records.set(offset, structuredClone(record));
    else if (!Bun.deepEquals(known, record)) this.#violated(`${offset} came with another content`);
  }

  #checkChain(records: readonly MessageRecord[]): void {
    records.forEach((record, index) => {
      const before = records[index - 1];
      if (before !== undefined && record.prev !== before.offset) {
        this.#violated(`${record.offset} says prev ${record.prev}, stands after ${before.offset}`);
      }
    });
  }

  #checkSilence(call: string): void {
    if (this.#silent) this.#violated(`${call} after the log had stopped`);
  }

  #violated(what: string): void {
    this.violations.push(what);
  }
}
