import { expect, setSystemTime } from 'bun:test';
import type { EncodedPage, Encoding } from '../../protocol/encoding.ts';
import type { MessageRecord, User } from '../../protocol/messages.ts';
import type { MakeHub } from '../contract/fixture.ts';
import type { Hub, HubCounters, HubLimits, RoomHandle } from '../port.ts';
import { type Question, Side } from './side.ts';
import { type Draw, type Place, ROOMS, type Step } from './steps.ts';

const WALL_START_MS = 1_700_000_000_000;
const WINDOWS_MAX = 10;

/** A room as its log knows it. */
interface Room {
  readonly name: string;
  readonly epoch: string;
  readonly log: MessageRecord[];
  /** How many of the log the hubs have been handed, or will never be. */
  delivered: number;
}

interface Seat {
  readonly room: Room;
  readonly user: User;
  readonly encoding: Encoding;
}

type StepOf<K extends Step['kind']> = Extract<Step, { kind: K }>;

/** Does the same to two hubs, and holds whatever they say, call by call, against each other. */
export class PairRun {
  readonly #sides: readonly [Side, Side];
  readonly #limits: HubLimits;
  readonly #rooms = new Map<string, Room>();
  #seats: Seat[] = [];
  /** What both hubs have asked and nobody has answered: the same question, each with its handle. */
  readonly #questions: (readonly [Question, Question])[] = [];
  #now_ms = 1_000;
  #generation = 0;

  constructor(makes: readonly [MakeHub, MakeHub], limits: HubLimits) {
    this.#limits = limits;
    this.#setWall();
    const clock = () => this.#now_ms;
    this.#sides = [new Side(makes[0], limits, clock), new Side(makes[1], limits, clock)];
    for (const name of ROOMS) this.#open(name, []);
  }

  run(steps: readonly Step[]): void {
    for (const step of steps) {
      this.#take(step);
      this.#compareOutput();
    }
    this.#settle();
    this.#compareCounters();
  }

  #take(step: Step): void {
    switch (step.kind) {
      case 'append':
        this.#append(step);
        break;
      case 'broadcast':
        this.#both((hub, room) => hub.broadcast(room, step.event), step.event.room);
        break;
      case 'join':
        this.#join(step);
        break;
      case 'leave':
        this.#leave(step.which);
        break;
      case 'users':
        this.#same((hub, room) => hub.users(room, step.limit, step.after), step.room);
        break;
      case 'isPresent':
        this.#same((hub, room) => hub.isPresent(room, step.user_id), step.room);
        break;
      case 'history':
        this.#history(step);
        break;
      case 'covers': {
        const offset = Math.min(this.#offsetAt(step.room, step.place), Number.MAX_SAFE_INTEGER);
        this.#same((hub, room) => hub.covers(room, offset), step.room);
        break;
      }
      case 'encodePage':
        this.#encodePage(step);
        break;
      case 'fill':
        this.#fill(step);
        break;
      case 'reopen':
        this.#reopen(step);
        break;
      case 'wait':
        this.#wait(step.elapsed_ms);
        break;
      case 'flush':
        this.#flush();
        break;
      case 'count':
        this.#compareCounters();
        break;
    }
  }

  #open(name: string, draws: readonly Draw[]): void {
    this.#generation += 1;
    const tail: MessageRecord[] = [];
    for (const draw of draws) {
      const record = this.#place({ ...draw, claim: 'chain' }, tail);
      if (record !== undefined) tail.push(record);
    }
    const epoch = `e.${this.#generation}`;
    const head = tail.at(-1)?.offset ?? 0;
    for (const side of this.#sides) side.open(name, { epoch, head, tail });
    this.#rooms.set(name, { name, epoch, log: [...tail], delivered: tail.length });
  }

  #reopen({ room: name, tail }: StepOf<'reopen'>): void {
    for (const side of this.#sides) side.close(name);
    this.#seats = this.#seats.filter(({ room }) => room.name !== name);
    this.#open(name, tail);
  }

  #append({ room: name, draws, skipped, held, again }: StepOf<'append'>): void {
    const room = this.#room(name);
    for (const draw of draws) {
      const record = this.#place(draw, room.log);
      if (record !== undefined) room.log.push(record);
    }
    const start = Math.min(room.log.length, room.delivered + skipped);
    const end = Math.max(start, room.log.length - held);
    const old = room.log.slice(Math.max(0, room.delivered - again), room.delivered);
    const records = [...old, ...room.log.slice(start, end)];
    room.delivered = end;
    this.#both((hub, handle) => hub.append(handle, records), name);
  }

  #join({ room: name, user, encoding, since }: StepOf<'join'>): void {
    const room = this.#room(name);
    const position =
      since === 'nothing'
        ? undefined
        : since === 'elsewhere'
          ? { epoch: 'e.0', offset: 1 }
          : {
              epoch: room.epoch,
              offset: Math.min(this.#offsetAt(name, since), Number.MAX_SAFE_INTEGER),
            };
    this.#same((hub, handle) => {
      const { recovery, ...snapshot } = hub.join(handle, user, encoding, position);
      if (recovery === undefined) return snapshot;
      return { ...snapshot, recovered: recovery.recovered, page: readPage(recovery.page) };
    }, name);
    this.#seats.push({ room, user, encoding });
  }

  #leave(which: number): void {
    const [seat] = this.#seats.splice(which % Math.max(1, this.#seats.length), 1);
    if (seat === undefined) return;
    this.#same((hub, room) => hub.leave(room, seat.user, seat.encoding), seat.room.name);
  }

  #history({ room: name, encoding, before: place, limit }: StepOf<'history'>): void {
    const before = this.#offsetAt(name, place);
    this.#same((hub, handle) => {
      const { count, data, ...rest } = hub.history(handle, encoding, before, limit);
      return { ...rest, page: readPage({ count, data }) };
    }, name);
  }

  #encodePage({ room, encoding, draws }: StepOf<'encodePage'>): void {
    const records = draws.flatMap((draw) => this.#place(draw, []) ?? []);
    this.#same((hub, handle) => readPage(hub.encodePage(handle, encoding, records)), room);
  }

  /** The oldest question gets its answer, whatever has happened to the room since. */
  #fill({ forgotten, limit }: StepOf<'fill'>): void {
    const asked = this.#questions.shift();
    if (asked === undefined) return;
    const { log } = this.#room(asked[0].room);
    const records = log.filter(({ offset }) => offset > asked[0].after);
    const answer = records.slice(forgotten, forgotten + limit);
    for (const [index, side] of this.#sides.entries()) {
      side.hub.fill(asked[index]?.handle ?? 0, answer);
    }
  }

  /** Time passes between turns of the event loop, and a turn ends as the pump ends it. */
  #wait(elapsed_ms: number): void {
    if (this.#sides.some((side) => side.armed_ms <= this.#now_ms)) this.#flush();
    this.#compareOutput();
    this.#now_ms += elapsed_ms;
    this.#setWall();
  }

  #flush(): void {
    for (const side of this.#sides) side.flush(this.#now_ms);
  }

  #settle(): void {
    this.#flush();
    for (let windows = 0; this.#isPending() && windows < WINDOWS_MAX; windows += 1) {
      this.#compareOutput();
      if (this.#questions.length > 0) this.#fill({ kind: 'fill', forgotten: 0, limit: 1_000 });
      this.#now_ms += this.#limits.flush_interval_ms;
      this.#flush();
    }
    this.#compareOutput();
    expect(this.#isPending()).toBe(false);
  }

  #isPending(): boolean {
    return this.#sides.some(({ hub }) => hub.nextDue_ms() !== undefined);
  }

  /** Where a batch ends is each hub's own affair: frames are compared joined, and not counted. */
  #compareCounters(): void {
    const [one, other] = this.#sides.map(({ hub }) => withoutRows(hub.counters()));
    expect(other).toEqual(one);
  }

  #compareOutput(): void {
    const [one, other] = this.#sides.map((side) => Object.fromEntries(side.takeStreams()));
    expect(other).toEqual(one);
    const [asked, askedToo] = this.#sides.map((side) => side.takeQuestions());
    const plain = (questions: readonly Question[] = []) =>
      questions.map(({ room, after }) => ({ room, after }));
    expect(plain(askedToo)).toEqual(plain(asked));
    for (const [index, question] of (asked ?? []).entries()) {
      const twin = askedToo?.[index];
      if (twin !== undefined) this.#questions.push([question, twin]);
    }
  }

  #both<T>(call: (hub: Hub, room: RoomHandle) => T, name: string): readonly T[] {
    return this.#sides.map((side) => call(side.hub, side.handle(name)));
  }

  #same(call: (hub: Hub, room: RoomHandle) => unknown, name: string): void {
    const [one, other] = this.#both(call, name);
    expect(other).toEqual(one);
  }

  #room(name: string): Room {
    const room = this.#rooms.get(name);
    if (room === undefined) throw new Error(`no room ${name}`);
    return room;
  }

  /** @returns undefined when there is no offset left behind the newest record */
  #place({ hole, claim, age_ms, ...draft }: Draw, log: readonly MessageRecord[]) {
    const before = log.at(-1)?.offset ?? 0;
    // Not to the very end at once: the last offsets deserve some records.
    const end = Math.max(before + 1, Number.MAX_SAFE_INTEGER - 20);
    const offset = Math.min(before + 1 + hole, end);
    if (offset > Number.MAX_SAFE_INTEGER) return undefined;
    const prev = { chain: before, nothing: 0, neighbour: offset - 1 }[claim];
    const timestamp = Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Date.now() - age_ms));
    const { id, ...rest } = draft;
    const record = { ...rest, offset, prev, timestamp };
    return id === undefined ? record : { ...record, id };
  }

  #offsetAt(name: string, { which, beside }: Place): number {
    const { log } = this.#room(name);
    const offset = log[which % Math.max(1, log.length)]?.offset ?? 0;
    return Math.min(2 ** 53, Math.max(0, offset + beside));
  }

  #setWall(): void {
    setSystemTime(Math.floor(WALL_START_MS + this.#now_ms));
  }
}

const readPage = ({ count, data }: EncodedPage) => ({
  count,
  // The page may stand in memory that the hub uses again.
  data: typeof data === 'string' ? data : Buffer.from(data).toString('hex'),
});

function withoutRows({ rows: _rows, ...counters }: HubCounters): Omit<HubCounters, 'rows'> {
  return counters;
}
