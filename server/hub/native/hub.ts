import {
  ENCODINGS,
  type EncodedPage,
  type Encoding,
  encode,
  isBinary,
} from '../../protocol/encoding.ts';
import type {
  Draft,
  MessageRecord,
  Position,
  User,
  VolatileEvent,
} from '../../protocol/messages.ts';
import type {
  HistoryPage,
  Hub,
  HubCounters,
  HubEvents,
  JoinSnapshot,
  RoomHandle,
  RoomStart,
  UserPage,
  Verdict,
} from '../port.ts';
import type { Door } from './addon.ts';
import { COUNTERS, FIELDS, FLAGS, STATUS, STATUS_NAMES } from './layout.ts';
import { SharedMemory } from './memory.ts';
import { RequestWriter } from './requests.ts';
import { RowReader } from './rows.ts';

/** Opened by the log and by the room: it is gone when both have closed it. */
interface OpenRoom {
  readonly epoch: string;
  readonly head: number;
  readonly opens: number;
}

export interface NativeHubOptions {
  readonly door: Door;
  readonly events: HubEvents;
  /** Told of each publish that went through `sequence`. */
  readonly onVerdict: (verdict: Verdict) => void;
  readonly batch_bytes: number;
  /** Monotonic milliseconds with one origin for all workers. */
  readonly clock: () => number;
}

/**
 * One worker's side of the native hub. Appends, publishes and events are only written down; they cross
 * with the flush at the end of the turn, or with the first question that depends on them.
 */
export class NativeHub implements Hub {
  readonly kind = 'native';
  readonly #door: Door;
  readonly #events: HubEvents;
  readonly #onVerdict: (verdict: Verdict) => void;
  readonly #clock: () => number;
  readonly #memory: SharedMemory;
  /** The one area that never grows. */
  readonly #control: Float64Array;
  readonly #requests: RequestWriter;
  readonly #rows: RowReader;
  /** Rooms this worker has open: a handle that is not here is dead. */
  readonly #open = new Map<RoomHandle, OpenRoom>();
  readonly #overruns: { readonly room: RoomHandle; readonly after: number }[] = [];
  readonly #verdicts: Verdict[] = [];

  constructor({ door, events, onVerdict, batch_bytes, clock }: NativeHubOptions) {
    this.#door = door;
    this.#events = events;
    this.#onVerdict = onVerdict;
    this.#clock = clock;
    this.#memory = new SharedMemory(door, batch_bytes);
    this.#control = this.#memory.view('control').numbers;
    const { buffer } = this.#memory.view('requests').numbers;
    this.#requests = new RequestWriter(buffer as ArrayBuffer, (bytes) => this.#makeRoom(bytes));
    this.#rows = new RowReader(this.#memory, events);
  }

  openRoom(name: string, start: RoomStart): RoomHandle {
    this.#submit();
    this.#requests.openRoom(name, start.epoch, start.head, start.tail);
    this.#submit();
    const room = this.#field('room');
    const { bytes } = this.#memory.view('page');
    const epoch = bytes.utf8Slice(0, this.#field('page_bytes'));
    const opens = (this.#open.get(room)?.opens ?? 0) + 1;
    this.#open.set(room, { epoch, head: this.#field('offset'), opens });
    return room;
  }

  closeRoom(room: RoomHandle): void {
    const open = this.#open.get(room);
    if (open === undefined) return;
    if (open.opens > 1) this.#open.set(room, { ...open, opens: open.opens - 1 });
    else this.#open.delete(room);
    this.#requests.closeRoom(room);
    this.#submit();
    this.#report();
  }

  /** The room's epoch, and its head when it was opened last. */
  startOf(room: RoomHandle): { readonly epoch: string; readonly head: number } {
    return this.#check(room);
  }

  append(room: RoomHandle, records: readonly MessageRecord[]): void {
    this.#check(room);
    this.#wakeForFirst();
    this.#requests.append(room, records);
  }

  /** Gives a draft the next place in the room, and spreads it, in one native step. */
  sequence(room: RoomHandle, draft: Draft, token: number): void {
    this.#check(room);
    this.#wakeForFirst();
    this.#requests.sequence(room, draft, token);
  }

  /** Brings the verdicts of everything sequenced so far. */
  settle(): void {
    this.#submit();
    this.#report();
  }

  broadcast(room: RoomHandle, event: VolatileEvent): void {
    this.#check(room);
    this.#wakeForFirst();
    this.#requests.broadcast(room, String(encode('json', event)));
  }

  join(
    room: RoomHandle,
    user: User,
    encoding: Encoding,
    since: Position | undefined,
  ): JoinSnapshot {
    const { epoch } = this.#check(room);
    this.#submit();
    this.#requests.join(room, user, ENCODINGS.indexOf(encoding), since);
    this.#submit();
    const snapshot = {
      epoch,
      offset: this.#field('offset'),
      user_count: this.#field('user_count'),
      arrived: this.#flag('arrived'),
    };
    const recovery =
      since === undefined
        ? undefined
        : { recovered: this.#flag('recovered'), page: this.#page(encoding) };
    const users = this.#readUsers();
    return recovery === undefined ? { ...snapshot, users } : { ...snapshot, users, recovery };
  }

  leave(room: RoomHandle, user: User, encoding: Encoding): boolean {
    this.#check(room);
    this.#submit();
    this.#requests.leave(room, user.user_id, ENCODINGS.indexOf(encoding));
    this.#submit();
    return this.#flag('departed');
  }

  users(room: RoomHandle, limit: number, after: string | undefined): UserPage {
    this.#check(room);
    this.#submit();
    this.#requests.users(room, limit, after);
    this.#submit();
    const user_count = this.#field('user_count');
    return { users: this.#readUsers(), user_count, more: this.#flag('more') };
  }

  isPresent(room: RoomHandle, user_id: string): boolean {
    this.#check(room);
    this.#submit();
    this.#requests.present(room, user_id);
    this.#submit();
    return this.#flag('present');
  }

  history(room: RoomHandle, encoding: Encoding, before: number, limit: number): HistoryPage {
    this.#check(room);
    this.#submit();
    this.#requests.history(room, ENCODINGS.indexOf(encoding), before, limit);
    this.#submit();
    return {
      ...this.#page(encoding),
      before: this.#field('before'),
      more: this.#flag('more'),
    };
  }

  covers(room: RoomHandle, offset: number): boolean {
    this.#check(room);
    this.#submit();
    this.#requests.covers(room, offset);
    this.#submit();
    return this.#flag('covered');
  }

  encodePage(room: RoomHandle, encoding: Encoding, records: readonly MessageRecord[]): EncodedPage {
    this.#check(room);
    this.#submit();
    this.#requests.encodePage(room, ENCODINGS.indexOf(encoding), records);
    this.#submit();
    return this.#page(encoding);
  }

  fill(room: RoomHandle, records: readonly MessageRecord[]): void {
    if (!this.#open.has(room)) return;
    this.#submit();
    this.#requests.fill(room, records);
    this.#submit();
    this.#report();
  }

  flush(now_ms: number): void {
    // What is written down happens now, also when all of it is to be published.
    if (now_ms === Number.POSITIVE_INFINITY) this.#submit();
    this.#execute(true, Math.min(now_ms, Number.MAX_VALUE));
    this.#report();
  }

  nextDue_ms(): number | undefined {
    this.#submit();
    const due_ms = this.#field('next_due_ms');
    return due_ms === Number.POSITIVE_INFINITY ? undefined : due_ms;
  }

  counters(): HubCounters {
    this.#submit();
    const counts = COUNTERS.map((name, index) => [name, this.#door.count(index)] as const);
    return Object.fromEntries(counts) as unknown as HubCounters;
  }

  roomCount(): number {
    this.#submit();
    return this.#door.count(COUNTERS.indexOf('rooms'));
  }

  #check(room: RoomHandle): OpenRoom {
    const open = this.#open.get(room);
    if (open === undefined) throw new Error('a room was used after it was closed');
    return open;
  }

  /** The turn's first request: what is written has to cross before the turn is over. */
  #wakeForFirst(): void {
    if (this.#requests.size === 0) this.#events.wake(AT_ONCE);
  }

  #submit(): void {
    if (this.#requests.size > 0) this.#execute(false, this.#clock());
  }

  #execute(flush: boolean, now_ms: number): void {
    const control = this.#control;
    control[FIELDS.from] = 0;
    control[FIELDS.to] = this.#requests.size;
    control[FIELDS.flush] = flush ? 1 : 0;
    control[FIELDS.monotonic_ms] = now_ms;
    control[FIELDS.wall_ms] = Date.now();
    let status: number = STATUS.more;
    while (status === STATUS.more || status === STATUS.too_small) {
      this.#door.execute();
      status = this.#field('status');
      control[FIELDS.from] = this.#field('consumed');
      this.#rows.publish(this.#field('rows'), this.#field('text_bytes'));
      this.#readVerdicts(this.#field('verdicts'));
      this.#readOverruns(this.#field('overruns'));
      if (status === STATUS.too_small) this.#grow();
    }
    this.#requests.clear();
    if (status !== STATUS.done) {
      throw new Error(`the native hub answered ${STATUS_NAMES[status] ?? status}`);
    }
  }

  #grow(): void {
    for (const [area, field] of GROWING) {
      const needed = this.#field(field);
      if (needed > 0) this.#memory.grow(area, needed);
    }
  }

  #makeRoom(bytes: number): ArrayBuffer | undefined {
    this.#submit();
    return bytes > this.#requests.capacity ? this.#memory.grow('requests', bytes) : undefined;
  }

  #readVerdicts(count: number): void {
    if (count === 0) return;
    const { numbers, words } = this.#memory.view('verdicts');
    for (let index = 0; index < count; index += 1) {
      this.#verdicts.push({
        token: numbers[index * 3] ?? 0,
        offset: numbers[index * 3 + 1] ?? 0,
        accepted: words[index * 6 + 4] === STATUS.done,
        duplicate: words[index * 6 + 5] === 1,
      });
    }
  }

  #readOverruns(count: number): void {
    if (count === 0) return;
    const { numbers } = this.#memory.view('overruns');
    for (let index = 0; index < count; index += 1) {
      this.#overruns.push({ room: numbers[index * 2] ?? 0, after: numbers[index * 2 + 1] ?? 0 });
    }
  }

  /** Only once the hub is at rest: whoever is told may publish, or `fill`, on the spot. */
  #report(): void {
    if (this.#verdicts.length + this.#overruns.length === 0) return;
    for (const verdict of this.#verdicts.splice(0)) this.#onVerdict(verdict);
    for (const { room, after } of this.#overruns.splice(0)) this.#events.overrun(room, after);
  }

  #readUsers(): readonly User[] {
    const size = this.#field('users_bytes');
    if (size === 0) return [];
    return JSON.parse(this.#memory.view('users').bytes.utf8Slice(0, size)) as User[];
  }

  /** The page's memory is used again: its bytes are copied. */
  #page(encoding: Encoding): EncodedPage {
    const { bytes } = this.#memory.view('page');
    const size = this.#field('page_bytes');
    const count = this.#field('page_count');
    if (isBinary(encoding)) return { count, data: Uint8Array.prototype.slice.call(bytes, 0, size) };
    const isAscii = this.#flag('ascii');
    return { count, data: isAscii ? bytes.latin1Slice(0, size) : bytes.utf8Slice(0, size) };
  }

  #field(field: keyof typeof FIELDS): number {
    return this.#control[FIELDS[field]] ?? 0;
  }

  #flag(flag: keyof typeof FLAGS): boolean {
    return (this.#field('flags') & FLAGS[flag]) !== 0;
  }
}

/** A time that has come on every clock. */
const AT_ONCE = 0;

const GROWING = [
  ['text', 'text_needed'],
  ['binary', 'binary_needed'],
  ['page', 'page_needed'],
  ['users', 'users_needed'],
] as const;
