import type { EncodedPage, Encoding } from '../protocol/encoding.ts';
import type { MessageRecord, Position, User, VolatileEvent } from '../protocol/messages.ts';
import { SlotTable } from '../slots.ts';
import type { EncodedRecord } from './history.ts';
import type {
  HistoryPage,
  Hub,
  HubCounters,
  HubEvents,
  HubLimits,
  JoinSnapshot,
  RoomHandle,
  RoomStart,
  UserPage,
} from './port.ts';
import { encodePage, ScriptRoom } from './script_room.ts';

/**
 * The hub in TypeScript. It serves the one worker it lives in; the native hub's twin, the fallback
 * where the addon cannot be had, and what the native hub is measured against.
 */
export class ScriptHub implements Hub {
  readonly kind = 'script';
  readonly #limits: HubLimits;
  readonly #events: HubEvents;
  readonly #clock: () => number;
  readonly #rooms = new SlotTable<ScriptRoom>();
  /** Rooms whose batch leaves at the end of this turn. */
  #immediate: RoomHandle[] = [];
  /** Rooms whose batch waits for its window to close, in order of due time. */
  #windowed: { readonly room: RoomHandle; readonly due_ms: number }[] = [];
  readonly #counts = {
    members: 0,
    records: 0,
    events: 0,
    duplicates_dropped: 0,
    rows: 0,
    deliveries: 0,
    overruns: 0,
    records_lost: 0,
  };

  /** @param clock monotonic milliseconds */
  constructor(limits: HubLimits, events: HubEvents, clock = () => performance.now()) {
    this.#limits = limits;
    this.#events = events;
    this.#clock = clock;
  }

  openRoom(name: string, start: RoomStart): RoomHandle {
    return this.#rooms.add(new ScriptRoom(name, start, this.#limits));
  }

  closeRoom(room: RoomHandle): void {
    const closed = this.#rooms.remove(room);
    if (closed !== undefined) this.#counts.members -= closed.members.connectionCount;
  }

  append(room: RoomHandle, records: readonly MessageRecord[]): void {
    const state = this.#room(room);
    // Asking for the time of day costs as much as half a record: only where age is a limit.
    const wall_ms = this.#limits.history_age_ms_max === 0 ? 0 : Date.now();
    for (const record of records) {
      if (record.offset <= state.head) {
        this.#counts.duplicates_dropped += 1;
        continue;
      }
      const encoded = state.encode(record);
      state.head = record.offset;
      state.history.push(encoded, wall_ms);
      this.#counts.records += 1;
      this.#enqueue(room, state, encoded);
    }
  }

  broadcast(room: RoomHandle, event: VolatileEvent): void {
    const state = this.#room(room);
    this.#counts.events += 1;
    this.#enqueue(room, state, state.encodeEvent(event));
  }

  join(
    room: RoomHandle,
    user: User,
    encoding: Encoding,
    since: Position | undefined,
  ): JoinSnapshot {
    const state = this.#room(room);
    this.#drain(room, state);
    const arrived = state.members.add(user, encoding);
    this.#counts.members += 1;
    const { users, user_count } = state.members.page(this.#limits.joined_users_max, undefined);
    const { epoch, head: offset } = state;
    const snapshot = { epoch, offset, users, user_count, arrived };
    if (since === undefined) return snapshot;
    state.history.trim(Date.now());
    const recovered =
      since.epoch === epoch && since.offset <= offset && since.offset >= state.history.floor;
    const records = state.history.after(recovered ? since.offset : 0);
    return { ...snapshot, recovery: { recovered, page: encodePage(encoding, records) } };
  }

  leave(room: RoomHandle, user: User, encoding: Encoding): boolean {
    const state = this.#room(room);
    this.#drain(room, state);
    const departed = state.members.remove(user, encoding);
    this.#counts.members -= 1;
    return departed;
  }

  users(room: RoomHandle, limit: number, after: string | undefined): UserPage {
    return this.#room(room).members.page(limit, after);
  }

  isPresent(room: RoomHandle, user_id: string): boolean {
    return this.#room(room).members.has(user_id);
  }

  history(room: RoomHandle, encoding: Encoding, before: number, limit: number): HistoryPage {
    const { history } = this.#room(room);
    history.trim(Date.now());
    const records = history.before(before, limit);
    const [first] = records;
    const oldest = first?.prev ?? Math.min(before - 1, history.floor);
    return { ...encodePage(encoding, records), before: oldest, more: oldest > history.floor };
  }

  covers(room: RoomHandle, offset: number): boolean {
    const { history } = this.#room(room);
    history.trim(Date.now());
    return offset >= history.floor;
  }

  encodePage(room: RoomHandle, encoding: Encoding, records: readonly MessageRecord[]): EncodedPage {
    const state = this.#room(room);
    return encodePage(
      encoding,
      records.map((record) => state.encode(record)),
    );
  }

  fill(room: RoomHandle, records: readonly MessageRecord[]): void {
    const state = this.#rooms.get(room);
    // Otherwise it answers an overrun that a join or a leave has ended since.
    if (state?.overrun !== 'reported') return;
    const { cursor, history } = state;
    // From the floor on the history has everything; the log may even have read past the head.
    const missing = records.filter(({ offset }) => offset > cursor && offset <= history.floor);
    this.#publish(
      room,
      state,
      missing.map((record) => state.encode(record)),
    );
    state.unpublished -= missing.length;
    state.cursor = missing.at(-1)?.offset ?? cursor;
    if (missing.length > 0 && state.cursor < history.floor) {
      this.#events.overrun(room, state.cursor);
    } else {
      this.#catchUp(room, state);
    }
  }

  flush(now_ms: number): void {
    const immediate = this.#immediate;
    this.#immediate = [];
    for (const room of immediate) this.#flushRoom(room, now_ms);
    const open = this.#windowed.findIndex(({ due_ms }) => due_ms > now_ms);
    const closed = this.#windowed.splice(0, open === -1 ? this.#windowed.length : open);
    for (const { room } of closed) this.#flushRoom(room, now_ms);
  }

  nextDue_ms(): number | undefined {
    return this.#immediate.length > 0 ? 0 : this.#windowed[0]?.due_ms;
  }

  counters(): HubCounters {
    let history_bytes = 0;
    for (const [, { history }] of this.#rooms.entries()) history_bytes += history.bytes;
    return { ...this.#counts, rooms: this.#rooms.size, history_bytes };
  }

  roomCount(): number {
    return this.#rooms.size;
  }

  #room(room: RoomHandle): ScriptRoom {
    const state = this.#rooms.get(room);
    if (state === undefined) throw new Error('a room was used after it was closed');
    return state;
  }

  #enqueue(room: RoomHandle, state: ScriptRoom, record: EncodedRecord): void {
    if (state.members.connectionCount === 0) {
      state.cursor = state.head;
      return;
    }
    if (record.offset > 0) state.unpublished += 1;
    // What the log is being asked for comes back in order through `fill`, this record included.
    if (state.overrun !== 'no') return;
    const wasEmpty = state.pendingCount === 0;
    if (!state.addPending(record)) {
      state.overrun = 'unreported';
      this.#counts.overruns += 1;
    }
    if (wasEmpty) {
      this.#schedule(room, state);
    } else if (state.isFull || state.overrun !== 'no') {
      const now_ms = this.#clock();
      if (state.due_ms > now_ms) this.#hurry(room, state, now_ms);
    }
  }

  /** A quiet room's message leaves with this turn; a busy room's waits for the window to close. */
  #schedule(room: RoomHandle, state: ScriptRoom): void {
    const now_ms = this.#clock();
    const window_ms = state.flushed_at_ms + this.#limits.flush_interval_ms;
    if (window_ms <= now_ms || state.isFull) {
      this.#hurry(room, state, now_ms);
      return;
    }
    state.due_ms = window_ms;
    // Windows open in any order, but not far apart: the place is near the end.
    const place = this.#windowed.findLastIndex(({ due_ms }) => due_ms <= window_ms) + 1;
    this.#windowed.splice(place, 0, { room, due_ms: window_ms });
    if (place === 0) this.#events.wake(window_ms);
  }

  #hurry(room: RoomHandle, state: ScriptRoom, now_ms: number): void {
    state.due_ms = now_ms;
    this.#immediate.push(room);
    if (this.#immediate.length === 1) this.#events.wake(now_ms);
  }

  #flushRoom(room: RoomHandle, now_ms: number): void {
    const state = this.#rooms.get(room);
    // Closed, drained by a join, or scheduled anew since: nothing to do for this entry.
    if (state === undefined || state.due_ms > now_ms) return;
    if (state.overrun === 'unreported') {
      state.overrun = 'reported';
      this.#events.overrun(room, state.cursor);
    } else if (state.overrun === 'no') {
      this.#drain(room, state);
    }
  }

  #drain(room: RoomHandle, state: ScriptRoom): void {
    if (state.overrun === 'no') {
      if (state.pendingCount === 0) return;
      state.publishPending(this.#publishTo(room, state));
      state.flushed_at_ms = this.#clock();
    } else {
      // A join or a leave cannot wait for the log: members see the gap and recover each for itself.
      this.#catchUp(room, state);
    }
  }

  /** Ends an overrun with what the history holds. What lies between is lost, and counted. */
  #catchUp(room: RoomHandle, state: ScriptRoom): void {
    const records = state.history.after(state.cursor);
    // The log may have had records that this hub was never given: they make up for none of its own.
    this.#counts.records_lost += Math.max(0, state.unpublished - records.length);
    this.#publish(room, state, records);
    state.unpublished = 0;
    state.cursor = state.head;
    state.overrun = 'no';
  }

  #publish(room: RoomHandle, state: ScriptRoom, records: readonly EncodedRecord[]): void {
    state.publishRecords(records, this.#publishTo(room, state));
  }

  #publishTo(room: RoomHandle, state: ScriptRoom) {
    return (encoding: Encoding, data: string | Uint8Array, count: number): void => {
      this.#counts.rows += 1;
      this.#counts.deliveries += count * state.members.speaking(encoding);
      this.#events.publish(room, encoding, data, count);
    };
  }
}
