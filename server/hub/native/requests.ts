import type { Draft, MessageRecord, Position, User } from '../../protocol/messages.ts';
import { ABSENT, type Bytes, OPS } from './layout.ts';

const HEADER_BYTES = 16;
const RECORD_BYTES = 40;
const ALIGNMENT = 8;
/** A UTF-16 unit takes three bytes of UTF-8 at the most. */
const UTF8_BYTES_PER_UNIT = 3;

const textBytes = (first: string, second = '', third = ''): number =>
  (first.length + second.length + third.length) * UTF8_BYTES_PER_UNIT;

const recordBytes = ({ from, from_id, text, id = '' }: Draft): number =>
  RECORD_BYTES + textBytes(from, from_id, text) + textBytes(id) + ALIGNMENT;

/**
 * Writes requests one behind the other. Nothing crosses to the native side here: a turn's requests go
 * over together.
 */
export class RequestWriter {
  #bytes: Bytes;
  #numbers: Float64Array;
  #words: Uint32Array;
  #at = 0;
  #start = 0;
  readonly #makeRoom: (bytes: number) => ArrayBuffer | undefined;

  /**
   * @param makeRoom called when `bytes` more do not fit: sends what is written, and answers larger
   *        memory when even the empty one is too small
   */
  constructor(memory: ArrayBuffer, makeRoom: (bytes: number) => ArrayBuffer | undefined) {
    this.#bytes = Buffer.from(memory) as Bytes;
    this.#numbers = new Float64Array(memory);
    this.#words = new Uint32Array(memory);
    this.#makeRoom = makeRoom;
  }

  get size(): number {
    return this.#at;
  }

  get capacity(): number {
    return this.#bytes.length;
  }

  clear(): void {
    this.#at = 0;
  }

  append(room: number, records: readonly MessageRecord[]): void {
    for (const record of records) {
      this.#begin(OPS.append, room, ALIGNMENT + recordBytes(record));
      this.#pair(1, 0);
      this.#record(record);
      this.#end();
    }
  }

  sequence(room: number, draft: Draft, token: number): void {
    this.#begin(OPS.sequence, room, recordBytes(draft));
    this.#number(token);
    this.#draft(draft);
    this.#end();
  }

  broadcast(room: number, json: string): void {
    this.#begin(OPS.broadcast, room, ALIGNMENT + textBytes(json));
    const lengths = this.#reserveWords(2);
    this.#words[lengths] = this.#text(json);
    this.#words[lengths + 1] = 0;
    this.#end();
  }

  closeRoom(room: number): void {
    this.#begin(OPS.close_room, room, 0);
    this.#end();
  }

  openRoom(name: string, epoch: string, head: number, tail: readonly MessageRecord[]): void {
    const bytes = tail.reduce((sum, record) => sum + recordBytes(record), 0);
    this.#begin(OPS.open_room, 0, 4 * ALIGNMENT + textBytes(name, epoch) + bytes);
    const lengths = this.#reserveWords(2);
    this.#number(head);
    this.#pair(tail.length, 0);
    this.#words[lengths] = this.#text(name);
    this.#words[lengths + 1] = this.#text(epoch);
    this.#align();
    for (const record of tail) this.#record(record);
    this.#end();
  }

  join(room: number, user: User, encoding: number, since: Position | undefined): void {
    const { user_id, username } = user;
    this.#begin(OPS.join, room, 3 * ALIGNMENT + textBytes(user_id, username, since?.epoch));
    const lengths = this.#reserveWords(4);
    this.#number(since?.offset ?? 0);
    this.#words[lengths] = encoding;
    this.#words[lengths + 1] = this.#text(user_id);
    this.#words[lengths + 2] = this.#text(username);
    this.#words[lengths + 3] = since === undefined ? ABSENT : this.#text(since.epoch);
    this.#end();
  }

  leave(room: number, user_id: string, encoding: number): void {
    this.#begin(OPS.leave, room, ALIGNMENT + textBytes(user_id));
    const lengths = this.#reserveWords(2);
    this.#words[lengths] = encoding;
    this.#words[lengths + 1] = this.#text(user_id);
    this.#end();
  }

  users(room: number, limit: number, after: string | undefined): void {
    this.#begin(OPS.users, room, ALIGNMENT + textBytes(after ?? ''));
    const lengths = this.#reserveWords(2);
    this.#words[lengths] = limit;
    this.#words[lengths + 1] = after === undefined ? ABSENT : this.#text(after);
    this.#end();
  }

  history(room: number, encoding: number, before: number, limit: number): void {
    this.#begin(OPS.history, room, 2 * ALIGNMENT);
    this.#pair(encoding, limit);
    this.#number(before);
    this.#end();
  }

  present(room: number, user_id: string): void {
    this.#begin(OPS.present, room, ALIGNMENT + textBytes(user_id));
    const lengths = this.#reserveWords(2);
    this.#words[lengths] = this.#text(user_id);
    this.#words[lengths + 1] = 0;
    this.#end();
  }

  covers(room: number, offset: number): void {
    this.#begin(OPS.covers, room, ALIGNMENT);
    this.#number(offset);
    this.#end();
  }

  encodePage(room: number, encoding: number, records: readonly MessageRecord[]): void {
    this.#records(OPS.encode_page, room, encoding, records.length, records);
  }

  fill(room: number, records: readonly MessageRecord[]): void {
    this.#records(OPS.fill, room, records.length, 0, records);
  }

  #records(
    op: number,
    room: number,
    first: number,
    second: number,
    records: readonly MessageRecord[],
  ): void {
    const bytes = records.reduce((sum, record) => sum + recordBytes(record), 0);
    this.#begin(op, room, ALIGNMENT + bytes);
    this.#pair(first, second);
    for (const record of records) this.#record(record);
    this.#end();
  }

  #begin(op: number, room: number, bytes: number): void {
    const needed = HEADER_BYTES + bytes + ALIGNMENT;
    if (this.#at + needed > this.#bytes.length) {
      const larger = this.#makeRoom(needed);
      if (larger !== undefined) {
        this.#bytes = Buffer.from(larger) as Bytes;
        this.#numbers = new Float64Array(larger);
        this.#words = new Uint32Array(larger);
      }
    }
    this.#start = this.#at;
    this.#words[this.#at >>> 2] = op;
    this.#numbers[(this.#at >>> 3) + 1] = room;
    this.#at += HEADER_BYTES;
  }

  #end(): void {
    this.#align();
    this.#words[(this.#start >>> 2) + 1] = this.#at - this.#start;
  }

  #align(): void {
    this.#at = (this.#at + ALIGNMENT - 1) & -ALIGNMENT;
  }

  #number(value: number): void {
    this.#numbers[this.#at >>> 3] = value;
    this.#at += 8;
  }

  #pair(first: number, second: number): void {
    const words = this.#reserveWords(2);
    this.#words[words] = first;
    this.#words[words + 1] = second;
  }

  /**
   * Memory is used again and again: whoever reserves words sets each of them.
   * @returns the index of the first of `count` words; their texts are written, then they are set
   */
  #reserveWords(count: number): number {
    const index = this.#at >>> 2;
    this.#at += count * 4;
    return index;
  }

  #record(record: MessageRecord): void {
    this.#number(record.offset);
    this.#number(record.prev);
    this.#number(record.timestamp);
    this.#draft(record);
    this.#align();
  }

  #draft({ from, from_id, text, id }: Draft): void {
    const lengths = this.#reserveWords(4);
    this.#words[lengths] = this.#text(from);
    this.#words[lengths + 1] = this.#text(from_id);
    this.#words[lengths + 2] = this.#text(text);
    this.#words[lengths + 3] = id === undefined ? ABSENT : this.#text(id);
  }

  #text(text: string): number {
    const length = this.#bytes.utf8Write(text, this.#at);
    this.#at += length;
    return length;
  }
}
