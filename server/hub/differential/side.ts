import type { Encoding } from '../../protocol/encoding.ts';
import type { MakeHub } from '../contract/fixture.ts';
import type { Hub, HubLimits, RoomHandle, RoomStart } from '../port.ts';

/** What the members of one room who speak one encoding were sent, frames joined. */
export interface Stream {
  readonly count: number;
  /** Text, or the hexadecimal digits of binary frames. */
  readonly data: string;
}

/** A hub that has let records go, and asks for what came after an offset. */
export interface Question {
  readonly room: string;
  readonly after: number;
  readonly handle: RoomHandle;
}

/** One of the two hubs, its own names for rooms turned into those both share. */
export class Side {
  readonly hub: Hub;
  /** When a pump would flush next. */
  armed_ms = Number.POSITIVE_INFINITY;
  readonly #handles = new Map<string, RoomHandle>();
  readonly #names = new Map<RoomHandle, string>();
  #streams = new Map<string, Stream>();
  #questions: Question[] = [];

  constructor(make: MakeHub, limits: HubLimits, clock: () => number) {
    const events = {
      publish: (room: RoomHandle, encoding: Encoding, data: string | Uint8Array, count: number) =>
        this.#note(room, encoding, data, count),
      wake: (due_ms: number) => {
        this.armed_ms = Math.min(this.armed_ms, due_ms);
      },
      overrun: (handle: RoomHandle, after: number) => {
        this.#questions.push({ room: this.#nameOf(handle), after, handle });
      },
    };
    this.hub = make(limits, events, clock);
  }

  open(name: string, start: RoomStart): void {
    const handle = this.hub.openRoom(name, start);
    this.#handles.set(name, handle);
    this.#names.set(handle, name);
  }

  /** The room's handle stays known: a hub that still speaks of it is caught by its name. */
  close(name: string): void {
    const handle = this.handle(name);
    this.hub.closeRoom(handle);
    this.#names.set(handle, `${name}, closed`);
  }

  handle(name: string): RoomHandle {
    const handle = this.#handles.get(name);
    if (handle === undefined) throw new Error(`no room ${name}`);
    return handle;
  }

  flush(now_ms: number): void {
    this.hub.flush(now_ms);
    this.armed_ms = this.hub.nextDue_ms() ?? Number.POSITIVE_INFINITY;
  }

  /** What was published since the last time, by topic. */
  takeStreams(): ReadonlyMap<string, Stream> {
    const taken = this.#streams;
    this.#streams = new Map();
    return taken;
  }

  /** What the hub asked since the last time: the rooms in one order, whichever was flushed first. */
  takeQuestions(): readonly Question[] {
    const taken = this.#questions.toSorted((one, other) => one.room.localeCompare(other.room));
    this.#questions = [];
    return taken;
  }

  #note(room: RoomHandle, encoding: Encoding, data: string | Uint8Array, count: number): void {
    const topic = JSON.stringify([this.#nameOf(room), encoding]);
    // A frame may stand in memory that the hub uses again.
    const frame = typeof data === 'string' ? data : Buffer.from(data).toString('hex');
    const before = this.#streams.get(topic);
    const separator = typeof data === 'string' ? '\n' : '';
    this.#streams.set(topic, {
      count: (before?.count ?? 0) + count,
      data: before === undefined ? frame : before.data + separator + frame,
    });
  }

  #nameOf(handle: RoomHandle): string {
    return this.#names.get(handle) ?? `${handle}, never opened`;
  }
}
