import { UnavailableError } from '../errors.ts';
import type { Draft, MessageRecord } from '../protocol/messages.ts';
import { Batch, idsOf, type LiveRoom, type Publish, tokensOf } from './batch.ts';
import { DuplicatePublishError, type LogEngine } from './engine.ts';
import {
  BATCH_BYTES_MAX,
  BATCH_RECORDS_MAX,
  type GroupCommitOptions,
  LOOKUPS_AFTER_DUPLICATE,
  READS_MS_MAX,
  RECONNECT_INTERVAL_MS,
  RECONNECT_INTERVAL_MS_MAX,
  type Subscriber,
  TROUBLE_RETRY_MS,
} from './group_commit_options.ts';
import type { OpenedRoom, Range } from './port.ts';
import { Pruner } from './pruner.ts';

/**
 * One order for all workers over a database: whatever has arrived while one batch was committed is the
 * next batch. Records get their offsets when their batch is made, and are handed on in that order once
 * it is committed: nobody sees what a crash could take back.
 *
 * After an error of the database everything is refused until it has been opened again. A batch of which
 * nobody knows whether it was committed is looked up then, before it is answered.
 */
export class GroupCommit {
  readonly #engine: LogEngine;
  readonly #options: GroupCommitOptions;
  readonly #now_ms: () => number;
  readonly #pruner: Pruner;
  readonly #rooms = new Map<string, LiveRoom>();
  readonly #subscribers = new Set<Subscriber>();
  #queue: Publish[] = [];
  /** What else wants the database, one after the other. */
  readonly #jobs: (() => Promise<void>)[] = [];
  #epoch = '';
  #room_id_max = 0;
  #trouble: string | undefined;
  #hasBeenTroubled = false;
  /** Since the last commit. */
  #failures = 0;
  /** So many batches are looked up before they are committed. */
  #lookups = 0;
  #working: Promise<void> | undefined;
  #stopped = false;

  constructor(engine: LogEngine, options: GroupCommitOptions) {
    this.#engine = engine;
    this.#options = options;
    this.#now_ms = options.now_ms ?? Date.now;
    const isOpen = (name: string): boolean => this.#rooms.has(name);
    this.#pruner = new Pruner(engine, options, isOpen, () => this.#work());
  }

  get kind(): string {
    return this.#engine.kind;
  }

  /** Whether nothing waits and nothing is under way. */
  get isIdle(): boolean {
    return this.#working === undefined && this.#queue.length + this.#jobs.length === 0;
  }

  /** Whether there has been a time since the start when nothing was accepted. */
  get hasBeenTroubled(): boolean {
    return this.#hasBeenTroubled;
  }

  /**
   * Opens the database.
   * @throws UnavailableError, ConfigError as `LogEngine.connect`
   */
  async start(): Promise<void> {
    const { epoch, room_id_max } = await this.#engine.connect();
    this.#epoch = epoch;
    this.#room_id_max = room_id_max;
    this.#pruner.start();
  }

  add(subscriber: Subscriber): void {
    this.#subscribers.add(subscriber);
    subscriber.troubled(this.#trouble);
  }

  /**
   * @param isWanted asked when the room has been loaded: whether it is still to be opened
   * @throws UnavailableError when the database fails, or it is no longer wanted
   */
  open(subscriber: Subscriber, name: string, isWanted: () => boolean): Promise<OpenedRoom> {
    const live = this.#rooms.get(name);
    // What is in memory needs no database: it may be the one that fails.
    if (live !== undefined && live.subscribers.size > 0 && !this.#stopped) {
      live.subscribers.add(subscriber);
      return Promise.resolve({ epoch: live.epoch, head: live.head, tail: [] });
    }
    return this.#enqueue(async () => {
      const room = this.#rooms.get(name) ?? (await this.#load(name));
      const { epoch, head } = room;
      const isFirst = room.subscribers.size === 0;
      const tail = isFirst ? await this.#tailOf(room) : [];
      if (!isWanted()) throw new UnavailableError('the room was closed meanwhile');
      if (isFirst) this.#options.spreader?.open(name, { epoch, head, tail });
      this.#rooms.set(name, room);
      room.subscribers.add(subscriber);
      return { epoch, head, tail };
    });
  }

  /** Answered to the subscriber, by the token. */
  submit(subscriber: Subscriber, name: string, draft: Draft, token: number): void {
    const room = this.#rooms.get(name);
    if (room === undefined || this.#stopped || this.#trouble !== undefined) {
      subscriber.refused([token], 'unavailable', TROUBLE_RETRY_MS);
      return;
    }
    room.pending += 1;
    this.#queue.push({ subscriber, room, draft, token });
    this.#work();
  }

  /** @throws UnavailableError when the database fails, or the room is not open */
  read(name: string, range: Range, limit: number): Promise<readonly MessageRecord[]> {
    return this.#enqueue(() => {
      const room = this.#rooms.get(name);
      if (room === undefined) throw new UnavailableError('the room is not open');
      return this.#engine.read(room.room_id, range, limit, this.#options.replay_bytes_max);
    }, this.#engine.canReadBeside);
  }

  close(subscriber: Subscriber, name: string): void {
    const room = this.#rooms.get(name);
    if (room?.subscribers.delete(subscriber) !== true) return;
    if (room.subscribers.size === 0) this.#options.spreader?.close(name);
    this.#letGo(room);
  }

  /** Commits what has been submitted, and lets the database go. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#pruner.stop();
    await this.#working;
    await this.#engine.disconnect(this.#trouble === undefined);
  }

  async #load(name: string): Promise<LiveRoom> {
    const found = await this.#engine.findRoom(name);
    if (found === undefined) this.#room_id_max += 1;
    const { room_id, head } = found ?? { room_id: this.#room_id_max, head: 0 };
    const epoch = `${this.#epoch}.${room_id}`;
    return { room_id, name, epoch, head, subscribers: new Set(), pending: 0 };
  }

  #tailOf({ room_id, head }: LiveRoom): Promise<readonly MessageRecord[]> | readonly [] {
    const { history_records_max, history_bytes_max } = this.#options;
    if (head === 0 || history_records_max === 0) return [];
    return this.#engine.read(room_id, { before: head + 1 }, history_records_max, history_bytes_max);
  }

  #letGo(room: LiveRoom): void {
    if (room.subscribers.size + room.pending === 0) this.#rooms.delete(room.name);
  }

  /** @param beside whether it may run while something else does */
  #enqueue<T>(job: () => T | Promise<T>, beside = false): Promise<T> {
    if (this.#stopped || this.#trouble !== undefined) {
      return Promise.reject(new UnavailableError(this.#trouble ?? 'the log has stopped'));
    }
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#jobs.push(async () => {
      const run = this.#attempt(job).then(resolve, reject);
      if (!beside) await run;
    });
    this.#work();
    return promise;
  }

  async #attempt<T>(job: () => T | Promise<T>): Promise<T> {
    try {
      return await job();
    } catch (error) {
      if (error instanceof UnavailableError) throw error;
      throw new UnavailableError('the database failed', { cause: error });
    }
  }

  #work(): void {
    this.#working ??= this.#workOn().finally(() => {
      this.#working = undefined;
      if (this.#queue.length + this.#jobs.length > 0) this.#work();
    });
  }

  async #workOn(): Promise<void> {
    do {
      // What has arrived goes together.
      await nextTurn();
      await this.#runJobs();
      await this.#commit(this.#takeBatch());
      if (this.#trouble === undefined && !this.#stopped) await this.#pruner.step();
    } while (this.#queue.length + this.#jobs.length > 0 || this.#pruner.isBusy);
  }

  async #runJobs(): Promise<void> {
    const until_ms = performance.now() + READS_MS_MAX;
    do await this.#jobs.shift()?.();
    while (this.#jobs.length > 0 && performance.now() < until_ms);
  }

  #takeBatch(): readonly Publish[] {
    let bytes = 0;
    let count = 0;
    for (const { draft } of this.#queue) {
      if (count === BATCH_RECORDS_MAX || bytes > BATCH_BYTES_MAX) break;
      bytes += draft.text.length;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  async #commit(publishes: readonly Publish[]): Promise<void> {
    if (publishes.length === 0) return;
    let batch: Batch | undefined;
    try {
      batch = new Batch(publishes, await this.#findKnown(publishes), this.#now_ms());
      if (batch.appends.length > 0) {
        await this.#engine.append(batch.appends);
        this.#failures = 0;
      }
    } catch (error) {
      if (error instanceof DuplicatePublishError && this.#lookups === 0) {
        this.#lookups = LOOKUPS_AFTER_DUPLICATE;
        await this.#commit(publishes);
        return;
      }
      const isSettled = batch === undefined || error instanceof UnavailableError;
      if (isSettled) this.#refuse(publishes);
      await this.#recover(error, isSettled ? undefined : batch);
      return;
    }
    this.#settle(batch);
  }

  /**
   * Hardly any publish is one that was sent again, and the database finds that out by itself. Where one
   * was, more may follow, as after a restart: then it is asked first.
   */
  async #findKnown(publishes: readonly Publish[]): Promise<readonly (number | undefined)[]> {
    if (this.#lookups === 0) return [];
    const ids = idsOf(publishes);
    const known = ids.length === 0 ? [] : await this.#engine.findPublishes(ids);
    const isFresh = known.every((offset) => offset === undefined);
    this.#lookups = isFresh ? this.#lookups - 1 : LOOKUPS_AFTER_DUPLICATE;
    return known;
  }

  /** A database that opens and then fails again, as on a full disk, is left alone for longer and longer. */
  get #pause_ms(): number {
    const interval_ms = this.#options.reconnect_interval_ms ?? RECONNECT_INTERVAL_MS;
    return Math.min(interval_ms * 2 ** Math.min(this.#failures - 1, 10), RECONNECT_INTERVAL_MS_MAX);
  }

  /** Everybody sees the records, everybody who waits hears. */
  #settle(batch: Batch): void {
    const appended: { room: string; records: readonly MessageRecord[] }[] = [];
    for (const [room, records] of batch.advance()) {
      const { name, epoch, subscribers } = room;
      if (subscribers.size > 0) appended.push({ room: name, records });
      if (this.#options.spreader !== undefined) continue;
      for (const subscriber of subscribers) subscriber.committed(name, epoch, records);
    }
    if (appended.length > 0) this.#options.spreader?.append(appended);
    this.#forget(batch.publishes);
    for (const [subscriber, triples] of batch.answers()) subscriber.acknowledged(triples);
  }

  #refuse(publishes: readonly Publish[]): void {
    this.#forget(publishes);
    for (const [subscriber, tokens] of tokensOf(publishes)) {
      subscriber.refused(tokens, 'unavailable', TROUBLE_RETRY_MS);
    }
  }

  #forget(publishes: readonly Publish[]): void {
    for (const { room } of publishes) {
      room.pending -= 1;
      this.#letGo(room);
    }
  }

  /** Until the database is back. @param unsettled nobody knows whether it was committed */
  async #recover(error: unknown, unsettled: Batch | undefined): Promise<void> {
    this.#setTrouble(messageOf(error));
    this.#failures += 1;
    this.#refuse(this.#queue.splice(0));
    for (const job of this.#jobs.splice(0)) await job();
    let outcome: Outcome = 'out of reach';
    while (outcome === 'out of reach') {
      if (this.#stopped) return;
      await sleep(this.#pause_ms);
      outcome = await this.#reconnect(unsettled);
    }
    this.#setTrouble(undefined);
    if (unsettled === undefined) return;
    if (outcome === 'committed') this.#settle(unsettled);
    else this.#refuse(unsettled.publishes);
  }

  /** @returns what became of the batch, once the database can say so */
  async #reconnect(unsettled: Batch | undefined): Promise<Outcome> {
    try {
      const { epoch } = await this.#engine.connect();
      if (await this.#hasLost(epoch)) {
        this.#options.onLost(new Error('the database has lost records it had acknowledged'));
        return 'out of reach';
      }
      return unsettled !== undefined && (await this.#isThere(unsettled)) ? 'committed' : 'nothing';
    } catch (error) {
      this.#setTrouble(messageOf(error));
      return 'out of reach';
    }
  }

  async #hasLost(epoch: string): Promise<boolean> {
    if (epoch !== this.#epoch) return true;
    for (const { name, head } of this.#rooms.values()) {
      if (head > 0 && ((await this.#engine.findRoom(name))?.head ?? 0) < head) return true;
    }
    return false;
  }

  async #isThere({ witness }: Batch): Promise<boolean> {
    if (witness === undefined) return true;
    const { room_id, record } = witness;
    const [found] = await this.#engine.read(room_id, { after: record.prev }, 1, 1);
    return found !== undefined && Bun.deepEquals(found, record);
  }

  #setTrouble(reason: string | undefined): void {
    if (reason === this.#trouble) return;
    this.#trouble = reason;
    this.#hasBeenTroubled = true;
    for (const subscriber of this.#subscribers) subscriber.troubled(reason);
  }
}

type Outcome = 'committed' | 'nothing' | 'out of reach';

/** Messages that wait are heard before this resolves. */
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const sleep = (duration_ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, duration_ms));

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
