import type { Gap, RoomMessage } from '../../../../client/index.ts';

/** A message with its place in the room's order. */
export interface RecordEntry {
  readonly kind: 'record';
  /** Stays the same from being queued here to being part of the room. */
  readonly key: string;
  readonly epoch: string;
  readonly offset: number;
  readonly own: boolean;
  readonly from: string;
  readonly from_id: string;
  readonly text: string;
  readonly timestamp: number;
}

/** What follows was said while this client was away. */
export interface AwayEntry {
  readonly kind: 'away';
  readonly key: string;
  /** Messages of others below the mark. */
  count: number;
}

/** What follows has not been looked at. */
export interface UnreadEntry {
  readonly kind: 'unread';
  readonly key: string;
}

/** Messages may be missing here. */
export interface GapEntry {
  readonly kind: 'gap';
  readonly key: string;
  readonly gap: Gap;
}

/** Something to know about the messages below it. */
export type Mark = AwayEntry | UnreadEntry | GapEntry;

export type Entry = RecordEntry | Mark;

/** An own message that the room does not have yet, as far as is known. */
export interface Outgoing {
  readonly kind: 'outgoing';
  readonly key: string;
  readonly text: string;
  readonly timestamp: number;
  /** Why it was not sent; undefined while it still may be. */
  readonly failure: string | undefined;
}

/** What a record's arrival means to the reader. */
export interface Arrival {
  readonly own: boolean;
  /** The reader is looking at the room. */
  readonly seen: boolean;
}

const ENTRIES_MAX = 600;

/**
 * What one room's reader sees, oldest first. Pure. The client delivers each record once and in order;
 * this adds what the client does not decide: own messages under way, marks, and pages of history.
 */
export class Timeline {
  #entries: Entry[] = [];
  #outgoing: Outgoing[] = [];
  #keys = 0;
  #epoch: string | undefined;
  /** Records up to this offset were said while away. */
  #missedUntil = 0;
  #away: AwayEntry | undefined;
  #hasUnreadMark = false;

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  get outgoing(): readonly Outgoing[] {
    return this.#outgoing;
  }

  /** The offset to ask for history before, undefined when nothing is here to go before. */
  get oldest(): number | undefined {
    const first = this.#entries.find((entry) => entry.kind === 'record');
    return first?.epoch === this.#epoch ? first?.offset : undefined;
  }

  /** The room was joined. On coming back, what follows up to `offset` was missed. */
  joined(epoch: string, offset: number): void {
    this.#missedUntil = this.#epoch === undefined ? 0 : offset;
    this.#epoch = epoch;
    this.#away = undefined;
  }

  gap(gap: Gap): void {
    this.#push({ kind: 'gap', key: this.#nextKey(), gap });
  }

  receive(message: RoomMessage, { own, seen }: Arrival): void {
    if (this.#find(message.offset) !== undefined) return;
    const outgoing = own ? this.#takeByText(message.text) : undefined;
    if (message.offset <= this.#missedUntil) this.#markAway(own);
    if (own) this.read();
    else if (!seen) this.#markUnread();
    this.#push(this.#record(message, own, outgoing?.key ?? this.#nextKey()));
  }

  /** A page of history: what is here already stays as it is. */
  history(messages: readonly RoomMessage[], isOwn: (message: RoomMessage) => boolean): void {
    for (const message of messages) {
      if (this.#find(message.offset) === undefined) {
        this.#insert(this.#record(message, isOwn(message), this.#nextKey()));
      }
    }
  }

  /** Own text on its way. @returns its key */
  queue(text: string, timestamp: number): string {
    const key = this.#nextKey();
    this.#outgoing.push({ kind: 'outgoing', key, text, timestamp, failure: undefined });
    this.read();
    return key;
  }

  /** The room has it. Its record may have come before this, or comes later. */
  acknowledge(key: string, offset: number, from: { name: string; user_id: string }): void {
    const outgoing = this.discard(key);
    if (outgoing === undefined || this.#find(offset) !== undefined) return;
    const { text, timestamp } = outgoing;
    const message = { from: from.name, from_id: from.user_id, text, timestamp, offset };
    this.#insert(this.#record(message, true, key));
  }

  fail(key: string, failure: string): void {
    this.#outgoing = this.#outgoing.map((one) => (one.key === key ? { ...one, failure } : one));
  }

  /** Forgets an own message the room does not have. */
  discard(key: string): Outgoing | undefined {
    const found = this.#outgoing.find((one) => one.key === key);
    this.#outgoing = this.#outgoing.filter((one) => one !== found);
    return found;
  }

  /** Everything here has been looked at: the next unread message gets a mark of its own. */
  read(): void {
    this.#hasUnreadMark = false;
  }

  #markAway(own: boolean): void {
    if (this.#away === undefined) {
      this.#away = { kind: 'away', key: this.#nextKey(), count: 0 };
      this.#push(this.#away);
    }
    if (!own) this.#away.count += 1;
    // That mark says it already.
    this.#hasUnreadMark = true;
  }

  #markUnread(): void {
    if (this.#hasUnreadMark) return;
    this.#hasUnreadMark = true;
    this.#entries = this.#entries.filter((entry) => entry.kind !== 'unread');
    this.#push({ kind: 'unread', key: this.#nextKey() });
  }

  /** The order of the room is the order of sends, and equal texts look alike: the first one it is. */
  #takeByText(text: string): Outgoing | undefined {
    const found = this.#outgoing.find((one) => one.text === text);
    return found && this.discard(found.key);
  }

  #record(
    { from, from_id, text, timestamp, offset }: Omit<RoomMessage, 'type' | 'room'>,
    own: boolean,
    key: string,
  ): RecordEntry {
    const epoch = this.#epoch ?? '';
    return { kind: 'record', key, epoch, offset, own, from, from_id, text, timestamp };
  }

  /** From the end, since most are asked for when they are new. Within an epoch offsets rise. */
  #find(offset: number): RecordEntry | undefined {
    const last = this.#entries.findLast(
      (entry): entry is RecordEntry =>
        entry.kind === 'record' && (entry.epoch !== this.#epoch || entry.offset <= offset),
    );
    return last?.epoch === this.#epoch && last?.offset === offset ? last : undefined;
  }

  #push(entry: Entry): void {
    this.#entries.push(entry);
    if (this.#entries.length > ENTRIES_MAX) this.#entries.shift();
  }

  /** Before the first record of this epoch that is newer, at the end when there is none. */
  #insert(record: RecordEntry): void {
    const at = this.#entries.findIndex(
      (entry) =>
        entry.kind === 'record' && entry.epoch === record.epoch && entry.offset > record.offset,
    );
    if (at === -1) this.#push(record);
    else this.#entries.splice(at, 0, record);
  }

  #nextKey(): string {
    this.#keys += 1;
    return `entry-${this.#keys}`;
  }
}
