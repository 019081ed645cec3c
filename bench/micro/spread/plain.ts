import { Packr } from 'msgpackr';
import { IdempotencyWindow, publishKey } from '../../../server/log/idempotency.ts';
import type { Encoding } from '../../../server/protocol/encoding.ts';
import type { Draft, RoomMessage } from '../../../server/protocol/messages.ts';
import { IDEMPOTENCY_IDS_MAX, LIMITS, type MakeSide, type Outlet, type Side } from './side.ts';

interface Room {
  readonly name: string;
  readonly encoding: Encoding;
  readonly window: IdempotencyWindow;
  readonly history: RoomMessage[];
  pending: RoomMessage[];
  head: number;
}

/**
 * What one would write first: a message is an object, remembered as one, and encoded by a library when
 * its batch leaves, with JSON.stringify or with msgpackr.
 */
export const plain: MakeSide = (outlet: Outlet) => new PlainRooms(outlet);

class PlainRooms implements Side {
  readonly #outlet: Outlet;
  readonly #rooms = new Map<string, Room>();
  readonly #packr = new Packr({ useRecords: false, variableMapSize: true });
  #dirty: Room[] = [];

  constructor(outlet: Outlet) {
    this.#outlet = outlet;
  }

  async open(name: string, encoding: Encoding): Promise<void> {
    const window = new IdempotencyWindow(IDEMPOTENCY_IDS_MAX);
    this.#rooms.set(name, { name, encoding, window, history: [], pending: [], head: 0 });
  }

  submit(name: string, draft: Draft): void {
    const room = this.#rooms.get(name);
    if (room === undefined) return;
    const { from, from_id, text, id = '' } = draft;
    const key = publishKey(from_id, id);
    if (room.window.find(key) !== undefined) return;
    room.head += 1;
    const { head: offset } = room;
    room.window.remember(key, offset);
    const timestamp = Date.now();
    const message: RoomMessage = {
      type: 'message',
      room: name,
      from,
      from_id,
      text,
      timestamp,
      offset,
      id,
    };
    room.history[offset % LIMITS.history_records_max] = message;
    if (room.pending.length === 0) this.#dirty.push(room);
    room.pending.push(message);
    this.#outlet.acknowledged += 1;
  }

  flush(): void {
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const room of dirty) {
      const { pending } = room;
      room.pending = [];
      this.#publish(room.encoding, pending);
    }
  }

  close(): void {
    this.#rooms.clear();
  }

  #publish(encoding: Encoding, messages: readonly RoomMessage[]): void {
    const outlet = this.#outlet;
    switch (encoding) {
      case 'json':
        for (const message of messages) outlet.publish(JSON.stringify(message), 1);
        return;
      case 'ndjson':
        outlet.publish(
          messages.map((message) => JSON.stringify(message)).join('\n'),
          messages.length,
        );
        return;
      case 'msgpack':
        outlet.publish(
          Buffer.concat(messages.map((message) => this.#packr.pack(message))),
          messages.length,
        );
    }
  }
}
