import { expect } from 'bun:test';
import { Unpackr } from 'msgpackr';
import type { EncodedPage, Encoding } from '../../protocol/encoding.ts';
import type { Position, User } from '../../protocol/messages.ts';
import {
  type Hub,
  type HubEvents,
  type HubLimits,
  type RoomHandle,
  type RoomStart,
  topicOf,
} from '../port.ts';

export type MakeHub = (limits: HubLimits, events: HubEvents, clock: () => number) => Hub;

/** Wide enough that nothing happens before a test narrows one of them. */
export const LIMITS: HubLimits = {
  flush_interval_ms: 5,
  batch_bytes_max: 1_000_000,
  batch_records_max: 1_000,
  history_records_max: 1_000,
  history_bytes_max: 1_000_000,
  history_age_ms_max: 0,
  pending_bytes_max: 2_000_000,
  joined_users_max: 100,
};

/** A message as a client reads it. */
export type Message = Readonly<Record<string, unknown>>;

/** What one call of `publish` carried. */
export interface Row {
  readonly room: RoomHandle;
  readonly encoding: Encoding;
  readonly messages: readonly Message[];
}

/** A connection in a room: it has the room's topic from its join to its leave. */
export interface Subscriber {
  readonly room: RoomHandle;
  readonly user: User;
  readonly encoding: Encoding;
  readonly epoch: string;
  readonly offset: number;
  readonly users: readonly User[];
  readonly user_count: number;
  readonly arrived: boolean;
  readonly recovery: { readonly recovered: boolean; readonly messages: readonly Message[] };
  readonly received: Message[];
}

/** Drives a hub the way a worker does, and reads what comes out the way clients do. */
export class HubFixture {
  readonly hub: Hub;
  readonly limits: HubLimits;
  /** The monotonic clock. */
  now_ms = 1_000;
  /** When a pump would flush next, going by `wake` and `nextDue_ms` alone. */
  armed_ms = Number.POSITIVE_INFINITY;
  readonly rows: Row[] = [];
  readonly overruns: { readonly room: RoomHandle; readonly after: number }[] = [];
  readonly problems: string[] = [];
  readonly #topics = new Map<string, Set<Subscriber>>();
  #deliveries = 0;

  constructor(make: MakeHub, limits: HubLimits) {
    this.limits = limits;
    const events: HubEvents = {
      publish: (...row) => this.#publish(...row),
      wake: (due_ms) => {
        this.armed_ms = Math.min(this.armed_ms, due_ms);
      },
      overrun: (room, after) => this.overruns.push({ room, after }),
    };
    this.hub = make(limits, events, () => this.now_ms);
  }

  get subscribers(): Subscriber[] {
    return [...this.#topics.values()].flatMap((topic) => [...topic]);
  }

  open(name = 'red', start: Partial<RoomStart> = {}): RoomHandle {
    return this.hub.openRoom(name, { epoch: 'e.1', head: 0, tail: [], ...start });
  }

  close(room: RoomHandle): void {
    this.hub.closeRoom(room);
    for (const subscriber of this.subscribers) {
      if (subscriber.room === room) this.#topic(room, subscriber.encoding).delete(subscriber);
    }
  }

  join(room: RoomHandle, name = 'ann', encoding: Encoding = 'json', since?: Position): Subscriber {
    const user = userOf(name);
    const { recovery, ...snapshot } = this.hub.join(room, user, encoding, since);
    // The page may stand in memory that the hub uses again: it is read before the next call.
    const messages = recovery === undefined ? [] : this.read(encoding, recovery.page);
    if ((recovery === undefined) !== (since === undefined)) this.problems.push('odd recovery');
    const recovered = recovery?.recovered ?? false;
    const subscriber = { ...snapshot, room, user, encoding, received: [] };
    const joined = { ...subscriber, recovery: { recovered, messages } };
    this.#topic(room, encoding).add(joined);
    return joined;
  }

  leave(subscriber: Subscriber): boolean {
    const { room, user, encoding } = subscriber;
    const departed = this.hub.leave(room, user, encoding);
    this.#topic(room, encoding).delete(subscriber);
    return departed;
  }

  flush(): void {
    this.armed_ms = Number.POSITIVE_INFINITY;
    this.hub.flush(this.now_ms);
    this.armed_ms = Math.min(this.armed_ms, this.hub.nextDue_ms() ?? Number.POSITIVE_INFINITY);
  }

  /** The turn is over: the pump flushes when it was woken for now, whatever turns out to be due. */
  endTurn(): void {
    if (this.armed_ms <= this.now_ms) this.flush();
  }

  /** Lets time pass, and flushes. */
  flushAfter(elapsed_ms: number): void {
    this.now_ms += elapsed_ms;
    this.flush();
  }

  /** Lets windows close until nothing is pending. */
  settle(): void {
    this.flush();
    for (let windows = 0; this.hub.nextDue_ms() !== undefined; windows += 1) {
      if (windows > 10) throw new Error('something stays pending');
      this.flushAfter(this.limits.flush_interval_ms);
    }
  }

  readHistory(room: RoomHandle, before: number, limit: number, encoding: Encoding = 'ndjson') {
    const { count, data, ...rest } = this.hub.history(room, encoding, before, limit);
    return { messages: this.read(encoding, { count, data }), ...rest };
  }

  read(encoding: Encoding, { count, data }: EncodedPage): readonly Message[] {
    const messages = this.#decode(encoding, data);
    if (messages.length !== count) this.problems.push(`${messages.length} messages, not ${count}`);
    return messages;
  }

  /** What must hold whatever has happened. */
  check(): void {
    expect(this.problems).toEqual([]);
    const { rows, deliveries, members } = this.hub.counters();
    expect({ rows, deliveries, members }).toEqual({
      rows: this.rows.length,
      deliveries: this.#deliveries,
      members: this.subscribers.length,
    });
  }

  #publish(
    room: RoomHandle,
    encoding: Encoding,
    data: string | Uint8Array,
    count: number,
  ): undefined {
    const messages = this.read(encoding, { count, data });
    const topic = this.#topic(room, encoding);
    if (encoding === 'json' && count !== 1) this.problems.push(`${count} in one json frame`);
    if (count === 0 || topic.size === 0) this.problems.push('a row for nothing or for nobody');
    this.rows.push({ room, encoding, messages });
    this.#deliveries += count * topic.size;
    for (const { received } of topic) received.push(...messages);
  }

  #decode(encoding: Encoding, data: string | Uint8Array): readonly Message[] {
    if (data.length === 0) return [];
    if (typeof data !== 'string') {
      if (encoding !== 'msgpack') this.problems.push(`bytes in ${encoding}`);
      return unpackr.unpackMultiple(data) as Message[];
    }
    if (encoding === 'msgpack') this.problems.push('text in msgpack');
    return data.split('\n').map((line) => {
      const message = JSON.parse(line) as Message;
      if (JSON.stringify(message) !== line) this.problems.push(`not canonical: ${line}`);
      return message;
    });
  }

  #topic(room: RoomHandle, encoding: Encoding): Set<Subscriber> {
    const name = topicOf(room, encoding);
    const topic = this.#topics.get(name) ?? new Set();
    this.#topics.set(name, topic);
    return topic;
  }
}

const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' });

export const userOf = (name: string): User => ({ user_id: `id of ${name}`, username: name });

/** A test of one hub: `on(body)` runs it on a new one, then looks at what must hold always. */
export type On = (
  body: (fixture: HubFixture) => void | Promise<void>,
  changes?: Partial<HubLimits>,
) => () => Promise<void>;

export const onHub =
  (make: MakeHub): On =>
  (body, changes = {}) =>
  async () => {
    const fixture = new HubFixture(make, { ...LIMITS, ...changes });
    await body(fixture);
    fixture.check();
  };
