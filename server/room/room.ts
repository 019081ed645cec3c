import { withDeadline } from '../deadline.ts';
import { type RoomHandle, topicOf } from '../hub/port.ts';
import type { OpenedRoom } from '../log/port.ts';
import {
  type EncodedPage,
  type Encoding,
  encode,
  encodeWithPage,
  joinPages,
} from '../protocol/encoding.ts';
import type { Joined, MessageRecord, Position, TypingEvent, User } from '../protocol/messages.ts';
import type { RoomContext } from './context.ts';
import { olderPage } from './older_page.ts';
import type { Publisher } from './pending.ts';
import { PresenceLedger } from './presence.ts';
import { replayFromLog } from './replay.ts';

/** Somebody in a room, as rooms see a connection. */
export interface Participant extends Publisher {
  readonly user: User;
  readonly encoding: Encoding;
  /** False once the connection has closed: an answer that took its time finds nobody. */
  readonly isOpen: boolean;
  isIn(room: string): boolean;
  /** From now on the room counts this participant in, until `leave`. */
  entered(room: Room): void;
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  /** Sends what is encoded already. */
  send(frame: string | Uint8Array): void;
}

/** Where a member goes on from; `withheld`: it asked, but may not read what was said without it. */
export type Since = Position | 'withheld' | undefined;

/** One live room: who may do what, in which order the log and the hub are asked. */
export class Room {
  readonly name: string;
  readonly epoch: string;
  readonly handle: RoomHandle;
  readonly presence: PresenceLedger;
  readonly #context: RoomContext;
  #members = 0;
  /** Joins that wait for the log: the room must not expire under them. */
  #joining = 0;

  constructor(name: string, opened: OpenedRoom, context: RoomContext) {
    this.name = name;
    this.epoch = opened.epoch;
    this.handle = context.hub.openRoom(name, opened);
    this.presence = new PresenceLedger(context.limits);
    this.#context = context;
  }

  get isEmpty(): boolean {
    return this.#members === 0 && this.#joining === 0;
  }

  /**
   * Lets somebody in, or in again: that is how a client closes a gap.
   * @returns a promise only when what is asked for with `since` has to come from the log
   */
  join(participant: Participant, since: Since, id: string | undefined): Promise<void> | undefined {
    const { log, hub } = this.#context;
    if (since === 'withheld') {
      this.#enter(participant, since, [], id);
      return undefined;
    }
    const inLog = since?.epoch === this.epoch && log.recovery_records > 0;
    if (since === undefined || !inLog || hub.covers(this.handle, since.offset)) {
      this.#enter(participant, since, [], id);
      return undefined;
    }
    return this.#joinThroughLog(participant, since, id);
  }

  async #joinThroughLog(
    participant: Participant,
    since: Position,
    id: string | undefined,
  ): Promise<void> {
    this.#joining += 1;
    this.#context.occupancyChanged(this.name);
    try {
      const replay = await replayFromLog(this, this.#context, since.offset);
      if (!participant.isOpen) return;
      const reached = replay.at(-1)?.offset ?? since.offset;
      this.#enter(participant, { epoch: since.epoch, offset: reached }, replay, id);
    } finally {
      this.#joining -= 1;
      this.#context.occupancyChanged(this.name);
    }
  }

  /**
   * Publishes, subscribes and answers within one turn of the event loop: the first record after
   * `joined` is the one after its offset.
   */
  #enter(
    participant: Participant,
    since: Since,
    replay: readonly MessageRecord[],
    id: string | undefined,
  ): void {
    // An old membership ends in the same turn as the new one begins, and not before that is certain.
    if (participant.isIn(this.name)) this.leave(participant, 'silently');
    const { hub } = this.#context;
    const { user, encoding } = participant;
    const from = since === 'withheld' ? undefined : since;
    const { arrived, recovery, ...snapshot } = hub.join(this.handle, user, encoding, from);
    participant.entered(this);
    participant.subscribe(topicOf(this.handle, encoding));
    const head = { type: 'joined', room: this.name, ...snapshot } as const;
    const reply: Joined = id === undefined ? head : { ...head, id };
    if (since === 'withheld') {
      const nothing = hub.encodePage(this.handle, encoding, []);
      participant.send(encodeWithPage({ ...reply, recovered: false }, nothing));
    } else if (recovery === undefined) {
      participant.send(encode(encoding, reply));
    } else {
      const { recovered, page } = recovery;
      const older = hub.encodePage(this.handle, encoding, recovered ? replay : []);
      const whole = joinPages(encoding, [older, page]);
      participant.send(encodeWithPage({ ...reply, recovered }, whole));
    }
    this.#members += 1;
    this.#context.occupancyChanged(this.name);
    if (arrived) this.#note(participant, 'online');
  }

  /**
   * @param farewell `gone`: the connection has closed; `silently`: it is about to join again; else the
   *        member is told, behind everything that came before
   */
  leave(participant: Participant, farewell: 'gone' | 'silently' | { readonly id?: string }): void {
    const { hub } = this.#context;
    const { user, encoding } = participant;
    const departed = hub.leave(this.handle, user, encoding);
    // A direct message goes out behind what the topic has queued; unsubscribing first would drop that.
    if (typeof farewell === 'object')
      participant.reply({ type: 'left', room: this.name, ...farewell });
    if (farewell !== 'gone') participant.unsubscribe(topicOf(this.handle, encoding));
    this.#members -= 1;
    this.#context.occupancyChanged(this.name);
    if (departed) this.#note(participant, 'offline');
  }

  /** Answered to the publisher by the log's verdict: `ack` when it carries an id, `error` when refused. */
  publish(
    publisher: Publisher & { readonly user: User },
    text: string,
    id: string | undefined,
  ): void {
    const { log, pending } = this.#context;
    const { user_id: from_id, username: from } = publisher.user;
    const token = pending.add(publisher, this.name, id);
    const draft = id === undefined ? { from, from_id, text } : { from, from_id, text, id };
    if (!log.submit(this.name, draft, token)) {
      pending.refuse(token, 'unavailable', QUEUE_FULL_RETRY_MS);
    }
  }

  announceTyping(participant: Participant, status: TypingEvent['status']): void {
    const { user_id, username: user } = participant.user;
    const event = { type: 'typing', room: this.name, user, user_id, status } as const;
    this.#context.hub.broadcast(this.handle, event);
  }

  announcePresence(): void {
    const { hub } = this.#context;
    const { user_count } = hub.users(this.handle, 0, undefined);
    const isPresent = (user_id: string): boolean => hub.isPresent(this.handle, user_id);
    const now_ms = performance.now();
    for (const event of this.presence.announce(this.name, user_count, now_ms, isPresent)) {
      hub.broadcast(this.handle, event);
    }
  }

  listUsers(
    participant: Participant,
    limit: number,
    after: string | undefined,
    id: string | undefined,
  ): void {
    const { users, user_count, more } = this.#context.hub.users(this.handle, limit, after);
    const next = more ? users.at(-1)?.user_id : undefined;
    participant.reply({
      type: 'users',
      room: this.name,
      users,
      user_count,
      ...(next === undefined ? undefined : { next }),
      ...(id === undefined ? undefined : { id }),
    });
  }

  /** @returns a promise only when the page reaches back past what the hub holds */
  history(
    participant: Participant,
    before: number,
    limit: number,
    id: string | undefined,
  ): Promise<void> | undefined {
    const { hub, log } = this.#context;
    const page = hub.history(this.handle, participant.encoding, before, limit);
    if (page.count === limit || page.more || page.before === 0 || log.recovery_records === 0) {
      const more = page.more || (page.before > 0 && log.recovery_records > 0);
      this.#sendHistory(participant, page, more, id);
      return undefined;
    }
    return this.#historyFromLog(participant, page, limit - page.count, id);
  }

  async #historyFromLog(
    participant: Participant,
    newer: EncodedPage & { readonly before: number },
    missing: number,
    id: string | undefined,
  ): Promise<void> {
    const { hub, log, limits } = this.#context;
    // One more than is missing tells whether there are older ones.
    const found = await withDeadline(
      log.read(this.name, { before: newer.before + 1 }, missing + 1),
      limits.log_timeout_ms,
      'reading history',
    );
    // Without its last member the room may have gone meanwhile.
    if (!participant.isOpen) return;
    const { records, more } = olderPage(found, missing, limits.replay_bytes_max);
    const older = hub.encodePage(this.handle, participant.encoding, records);
    const page = joinPages(participant.encoding, [older, newer]);
    this.#sendHistory(participant, page, more, id);
  }

  #sendHistory(
    participant: Participant,
    page: EncodedPage,
    more: boolean,
    id: string | undefined,
  ): void {
    const head = { type: 'history', room: this.name, epoch: this.epoch, more } as const;
    participant.send(encodeWithPage(id === undefined ? head : { ...head, id }, page));
  }

  #note(participant: Participant, status: 'online' | 'offline'): void {
    if (this.presence.note(participant.user, status, performance.now())) {
      this.#context.presenceChanged(this.name);
    }
  }
}

const QUEUE_FULL_RETRY_MS = 100;
