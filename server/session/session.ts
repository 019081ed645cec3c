import { type CloseName, ERRORS, type Refusal } from '../errors.ts';
import { type Encoding, encode, subprotocolOf } from '../protocol/encoding.ts';
import type { Limits, Reply, User } from '../protocol/messages.ts';
import type { RoomDirectory } from '../room/directory.ts';
import type { Participant, Room } from '../room/room.ts';
import { Conduct } from './conduct.ts';
import type { Identities } from './identity.ts';
import { JoinedRooms } from './joined_rooms.ts';

/** The connection under a session, as far as a session needs it. */
export interface Line {
  readonly isOpen: boolean;
  send(frame: string | Uint8Array): void;
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  /** Stops reading, so that the peer feels it; what was read already still comes. */
  pause(): void;
  resume(): void;
  close(reason: CloseName): void;
}

export interface SessionLimits {
  readonly rate_limit: number;
  readonly rate_burst: number;
  readonly command_rate_limit: number;
  readonly command_burst: number;
  readonly publishes_in_flight_max: number;
  readonly text_bytes_max: number;
  readonly frame_bytes_max: number;
  readonly rooms_per_connection_max: number;
  readonly room_name_bytes_max: number;
  readonly ping_interval_ms: number;
  readonly default_room: string;
}

/** Tallies that belong to sessions; plain numbers, summed over workers by whoever reads them. */
export interface SessionCounters {
  messages_received: number;
  commands_received: number;
  rate_limited: number;
  refused: number;
  malformed: number;
}

/** What sessions work with, one set for all sessions of a worker. */
export interface SessionContext {
  readonly rooms: RoomDirectory;
  readonly identities: Identities;
  readonly limits: SessionLimits;
  readonly counters: SessionCounters;
}

export const HISTORY_LIMIT_MAX = 100;

/** Who a connection is, where it is, and how much it may do. */
export class Session implements Participant {
  readonly encoding: Encoding;
  readonly context: SessionContext;
  readonly conduct: Conduct;
  readonly joined = new JoinedRooms();
  readonly #line: Line;
  #user: User;
  #welcomed_at_ms = 0;
  #in_flight = 0;
  #holds = 0;

  constructor(line: Line, user: User, encoding: Encoding, context: SessionContext) {
    this.#line = line;
    this.#user = user;
    this.encoding = encoding;
    this.context = context;
    this.conduct = new Conduct(context.limits);
  }

  get user(): User {
    return this.#user;
  }

  get isOpen(): boolean {
    return this.#line.isOpen;
  }

  /** @param id of the `auth` this answers; undefined when the connection has just opened */
  welcome(id?: string): void {
    const { limits, identities } = this.context;
    this.#welcomed_at_ms = performance.now();
    this.reply({
      type: 'welcome',
      ...this.#user,
      session: identities.issue(this.#user),
      protocol: subprotocolOf(this.encoding),
      ping_interval_ms: limits.ping_interval_ms,
      default_room: limits.default_room,
      limits: toldLimits(limits),
      ...(id === undefined ? undefined : { id }),
    });
  }

  isIn(room: string): boolean {
    return this.joined.has(room);
  }

  entered(room: Room): void {
    this.joined.add(room);
  }

  /**
   * Whoever stays longer than a resume token lasts gets another one in time. Called now and then;
   * a `welcome` out of turn is all that comes of it.
   */
  renew(): void {
    if (performance.now() - this.#welcomed_at_ms > this.context.identities.ttl_ms / 2)
      this.welcome();
  }

  become(user: User): void {
    this.#user = user;
  }

  /** Turns a request down; the sender learns which one by its `id` and its room. */
  refuse(refusal: Refusal, request: { readonly id?: unknown; readonly room?: unknown }): void {
    const { code, message, retry_after_ms } = refusal;
    this.context.counters.refused += 1;
    this.reply({
      type: 'error',
      code,
      message,
      temporary: ERRORS[code].temporary,
      ...(typeof request.room === 'string' ? { room: request.room } : undefined),
      ...(typeof request.id === 'string' ? { id: request.id } : undefined),
      ...(retry_after_ms === undefined ? undefined : { retry_after_ms }),
    });
  }

  reply(message: Reply): void {
    this.send(encode(this.encoding, message));
  }

  send(frame: string | Uint8Array): void {
    this.#line.send(frame);
  }

  subscribe(topic: string): void {
    this.#line.subscribe(topic);
  }

  unsubscribe(topic: string): void {
    this.#line.unsubscribe(topic);
  }

  /** Stops reading from this client until as many `release` have come. */
  hold(): void {
    this.#holds += 1;
    if (this.#holds === 1) this.#line.pause();
  }

  release(): void {
    this.#holds -= 1;
    if (this.#holds === 0) this.#line.resume();
  }

  close(reason: CloseName): void {
    this.#line.close(reason);
  }

  /** Publishes the log has not answered yet. At the limit nothing more is read from this client. */
  get inFlight(): number {
    return this.#in_flight;
  }

  publishesInFlight(change: 1 | -1): void {
    const { publishes_in_flight_max } = this.context.limits;
    const wasBacklogged = this.#in_flight >= publishes_in_flight_max;
    this.#in_flight += change;
    const isBacklogged = this.#in_flight >= publishes_in_flight_max;
    if (isBacklogged && !wasBacklogged) this.hold();
    if (wasBacklogged && !isBacklogged) this.release();
  }

  /** The connection is gone: leaves every room, in silence. */
  end(): void {
    for (const room of this.joined.clear()) room.leave(this, 'gone');
  }
}

const toldLimits = (limits: SessionLimits): Limits => ({
  messages_per_second: limits.rate_limit,
  message_burst: limits.rate_burst,
  commands_per_second: limits.command_rate_limit,
  command_burst: limits.command_burst,
  text_bytes_max: limits.text_bytes_max,
  frame_bytes_max: limits.frame_bytes_max,
  rooms_per_connection_max: limits.rooms_per_connection_max,
  room_name_bytes_max: limits.room_name_bytes_max,
  history_limit_max: HISTORY_LIMIT_MAX,
});
