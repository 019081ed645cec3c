import { type CloseName, ERRORS, type Refusal } from '../errors.ts';
import type { Authenticator } from '../identity/authenticator.ts';
import type { Identity } from '../identity/identity.ts';
import type { Right, Rights } from '../identity/permissions.ts';
import { type Encoding, encode, subprotocolOf } from '../protocol/encoding.ts';
import type { Limits, Reply, User } from '../protocol/messages.ts';
import type { RoomDirectory } from '../room/directory.ts';
import type { Participant, Room } from '../room/room.ts';
import { Conduct } from './conduct.ts';
import { JoinedRooms } from './joined_rooms.ts';
import { Lifetime } from './lifetime.ts';

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
  /** Somebody has just been welcomed, for the first time on this connection. */
  welcomed(): void;
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
  readonly auth_timeout_ms: number;
  readonly token_refresh_window_ms: number;
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
  readonly authenticator: Authenticator;
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
  /** Only for those whose identity ends. */
  #lifetime: Lifetime | undefined;
  #identity: Identity | undefined;
  /** Of the rooms it is in; undefined for whoever may do everything, which costs nothing to ask. */
  #rights: Map<string, Rights> | undefined;
  #welcomed_at_ms = 0;
  #authDeadline: NodeJS.Timeout | undefined;
  #in_flight = 0;
  #holds = 0;

  constructor(line: Line, encoding: Encoding, context: SessionContext) {
    this.#line = line;
    this.encoding = encoding;
    this.context = context;
    this.conduct = new Conduct(context.limits);
  }

  /** @throws Error before anybody has been identified */
  get user(): User {
    if (this.#identity === undefined) throw new Error('nobody has been identified');
    return this.#identity.user;
  }

  /** Undefined while the client has not said who it is. */
  get identity(): Identity | undefined {
    return this.#identity;
  }

  get isOpen(): boolean {
    return this.#line.isOpen;
  }

  /** Whoever has not shown who they are has so long to do it with `auth`. */
  awaitAuth(): void {
    const { auth_timeout_ms } = this.context.limits;
    this.#authDeadline = setTimeout(() => this.close('auth_timeout'), auth_timeout_ms);
  }

  /**
   * From now on this is who it is, and what it may do. In rooms it has to be the same user: rooms that
   * are no longer allowed are left.
   * @param id of the `auth` this answers; undefined when the connection has just opened
   */
  identify(identity: Identity, id?: string): void {
    const isFirst = this.#identity === undefined;
    clearTimeout(this.#authDeadline);
    // The answer may have been on its way when the revocation came.
    if (this.context.authenticator.isRevoked(identity)) {
      this.close('token_invalid');
      return;
    }
    // In rooms a user keeps the name the others have seen.
    this.#identity = this.joined.size === 0 ? identity : { ...identity, user: this.user };
    this.welcome(id);
    this.#settleRights(identity);
    this.#endWith(identity);
    if (isFirst) this.#line.welcomed();
  }

  #endWith(identity: Identity): void {
    if (identity.expires_at_ms !== undefined) {
      this.#lifetime ??= new Lifetime(this.context.limits.token_refresh_window_ms, {
        expiring: (expires_in_ms) => this.reply({ type: 'token_expiring', expires_in_ms }),
        expired: () => this.close('token_expired'),
      });
    }
    this.#lifetime?.follow(identity);
  }

  #settleRights({ permissions }: Identity): void {
    this.#rights = permissions.isUnlimited ? undefined : new Map();
    if (this.#rights === undefined) return;
    for (const room of this.joined.all()) {
      const rights = permissions.rightsIn(room.name);
      this.#rights.set(room.name, rights);
      if (!rights.join) this.leave(room, undefined);
    }
  }

  /** Whether this client may: decided for a room when it is joined, not for each message. */
  may(right: Right, room: string): boolean {
    if (this.#rights === undefined) return true;
    const rights = this.#rights.get(room) ?? this.#identity?.permissions.rightsIn(room);
    return rights?.[right] === true;
  }

  /** @param id of the `auth` this answers; undefined when nobody asked */
  welcome(id?: string): void {
    const { limits, authenticator } = this.context;
    if (this.#identity === undefined) return;
    this.#welcomed_at_ms = performance.now();
    this.reply({
      type: 'welcome',
      ...this.#identity.user,
      session: authenticator.issue(this.#identity),
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
    const rights = this.#rights && this.#identity?.permissions.rightsIn(room.name);
    if (rights !== undefined) this.#rights?.set(room.name, rights);
  }

  /** @param id of the request this answers */
  leave(room: Room, id: string | undefined): void {
    this.joined.delete(room.name);
    this.#rights?.delete(room.name);
    room.leave(this, id === undefined ? {} : { id });
  }

  /**
   * Whoever stays longer than a resume token lasts gets another one in time. Called now and then;
   * a `welcome` out of turn is all that comes of it.
   */
  renew(): void {
    if (performance.now() - this.#welcomed_at_ms > this.context.authenticator.resume_ttl_ms / 2)
      this.welcome();
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
    clearTimeout(this.#authDeadline);
    this.#lifetime?.stop();
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
