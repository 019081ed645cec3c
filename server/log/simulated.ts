import { UnavailableError } from '../errors.ts';
import type { Draft, MessageRecord } from '../protocol/messages.ts';
import { EpochSource } from './epoch.ts';
import { publishKey } from './idempotency.ts';
import type { Log, LogSink, OpenedRoom, Range } from './port.ts';
import { Random } from './random.ts';
import { realTime, type Scheduler } from './scheduler.ts';
import type { SimulatedOptions } from './simulated_options.ts';
import { type Settlement, SimulatedRoom } from './simulated_room.ts';

/**
 * An engine that can be told how to fail, within what the port allows. For tests: it keeps every
 * room it has seen, with its records, its epoch and the publishes it remembers, until it goes itself.
 *
 * The same seed gives the same publishes of a room the same fate, in whatever order timers fire.
 * Only the start of its epochs is random, so that two of the same seed are never taken for one.
 */
export class SimulatedLog implements Log {
  readonly kind = 'simulated';
  readonly recovery_records: number;

  readonly #sink: LogSink;
  readonly #options: SimulatedOptions;
  readonly #scheduler: Scheduler;
  readonly #now_ms: () => number;
  /** Decides when things happen; each room has a stream of its own for what happens. */
  readonly #random: Random;
  readonly #epochs = new EpochSource();
  readonly #rooms = new Map<string, SimulatedRoom>();
  /** What waits for its time: `stop` makes it all happen at once. */
  readonly #waiting = new Set<() => void>();
  #unanswered = 0;
  #stopped = false;

  constructor(sink: LogSink, options: SimulatedOptions) {
    this.#sink = sink;
    this.#options = options;
    this.recovery_records = options.recovery_records;
    this.#scheduler = options.scheduler ?? realTime;
    this.#now_ms = options.now_ms ?? Date.now;
    this.#random = new Random(options.seed);
  }

  /** @throws UnavailableError also when the room was closed before it was open */
  async open(name: string): Promise<OpenedRoom> {
    const room = this.#roomOf(name);
    const { closings } = room;
    await this.#roundTrip(this.#options.open_failure_probability);
    if (room.closings !== closings) throw new UnavailableError('the room was closed meanwhile');
    return room.open();
  }

  submit(name: string, draft: Draft, token: number): boolean {
    const room = this.#rooms.get(name);
    if (this.#stopped || room === undefined || !room.is_open) return false;
    if (this.#unanswered >= this.#options.queue_max) return false;
    this.#unanswered += 1;
    const key = draft.id === undefined ? undefined : publishKey(draft.from_id, draft.id);
    const known = key === undefined ? undefined : room.window.find(key);
    if (typeof known === 'number') {
      const is_lost = this.#random.chance(this.#options.lost_answer_probability);
      this.#nowOrLater(() => this.#acknowledge(token, known, true, is_lost));
    } else if (known !== undefined) {
      known.duplicates.push(token);
    } else {
      room.enqueue(draft, key, token);
      this.#schedule(room);
    }
    return true;
  }

  async read(name: string, range: Range, limit: number): Promise<readonly MessageRecord[]> {
    await this.#roundTrip(this.#options.read_failure_probability);
    const room = this.#rooms.get(name);
    if (room === undefined || !room.is_open) throw new UnavailableError('the room is not open');
    return room.read(range, limit);
  }

  close(name: string): void {
    this.#rooms.get(name)?.close();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const happen of this.#waiting) happen();
  }

  #roomOf(name: string): SimulatedRoom {
    let room = this.#rooms.get(name);
    if (room === undefined) {
      room = new SimulatedRoom(name, this.#epochs.next(), this.#options);
      this.#rooms.set(name, room);
    }
    return room;
  }

  #roundTrip(failure_probability: number): Promise<void> {
    const is_failing = this.#random.chance(failure_probability);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#later(() => {
      if (this.#stopped) reject(new UnavailableError('the log has stopped'));
      else if (is_failing) reject(new UnavailableError('the engine does not answer'));
      else resolve();
    });
    return promise;
  }

  /** One appointment serves all that is queued until then. */
  #schedule(room: SimulatedRoom): void {
    if (room.is_scheduled || room.queued === 0) return;
    room.is_scheduled = true;
    this.#later(() => {
      room.is_scheduled = false;
      // Once stopped, nothing comes later: the whole queue goes in this turn.
      do this.#commit(room);
      while (this.#stopped && room.queued > 0);
      this.#schedule(room);
    });
  }

  /** Engines confirm on one connection and deliver on another: either may come first. */
  #commit(room: SimulatedRoom): void {
    const count = this.#random.between(1, this.#options.batch_records_max);
    const settlements = room.commit(count, this.#now_ms());
    const answer = () => this.#nowOrLater(() => this.#answer(settlements));
    const deliver = () => this.#nowOrLater(() => this.#deliver(room));
    const [first, second] = this.#random.chance(0.5) ? [answer, deliver] : [deliver, answer];
    first();
    second();
  }

  #answer(settlements: readonly Settlement[]): void {
    for (const { token, duplicates, outcome, offset } of settlements) {
      if (outcome === 'committed' || outcome === 'committed, answer lost') {
        const is_lost = outcome !== 'committed';
        if (token !== undefined) this.#acknowledge(token, offset, false, is_lost);
        for (const duplicate of duplicates) this.#acknowledge(duplicate, offset, true, is_lost);
      } else {
        const code = outcome === 'refused' ? 'unavailable' : 'unknown_outcome';
        const tokens = token === undefined ? duplicates : [token, ...duplicates];
        this.#unanswered -= tokens.length;
        for (const each of tokens) this.#sink.refused(each, code, this.#options.retry_after_ms);
      }
    }
  }

  #acknowledge(token: number, offset: number, duplicate: boolean, is_lost: boolean): void {
    this.#unanswered -= 1;
    if (!is_lost) this.#sink.acknowledged(token, offset, duplicate);
  }

  #deliver(room: SimulatedRoom): void {
    const again = this.#random.chance(this.#options.duplicate_probability)
      ? room.pickDelivered(this.#random, this.#random.between(1, 5))
      : [];
    const records = room.takeUndelivered();
    if (this.#random.chance(0.5)) {
      this.#emit(room, [...again, ...records]);
    } else {
      this.#emit(room, records);
      this.#emit(room, again);
    }
  }

  /** The sink may close the room from inside a call, and then hears no more of it. */
  #emit(room: SimulatedRoom, records: readonly MessageRecord[]): void {
    if (records.length > 0 && room.is_open) this.#sink.committed(room.name, room.epoch, records);
  }

  #nowOrLater(run: () => void): void {
    if (this.#random.chance(0.5)) run();
    else this.#later(run);
  }

  #later(run: () => void): void {
    if (this.#stopped) {
      run();
      return;
    }
    const delay_ms = this.#random.between(this.#options.delay_ms_min, this.#options.delay_ms_max);
    const happen = () => {
      cancel();
      if (this.#waiting.delete(happen)) run();
    };
    const cancel = this.#scheduler.after(delay_ms, happen);
    this.#waiting.add(happen);
  }
}
