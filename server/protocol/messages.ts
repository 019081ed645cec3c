import type { ErrorCode } from '../errors.ts';

/**
 * What the server says. `docs/protocol.md` is the contract; these are its shapes.
 * Times are milliseconds since 1970; `user` and `from` are names, `…_id` are ids.
 */

/** What a publisher hands in: the log adds its place and time. */
export interface Draft {
  readonly from: string;
  readonly from_id: string;
  readonly text: string;
  /** The publisher's idempotency key. */
  readonly id?: string;
}

/** One message at its place in a room's order, as the log remembers it. */
export interface MessageRecord extends Draft {
  /** Rises strictly within an epoch; the first record of a room has 1 or more. */
  readonly offset: number;
  /** The offset of the record before this one, 0 when there is none. */
  readonly prev: number;
  readonly timestamp: number;
}

export interface User {
  readonly user_id: string;
  readonly username: string;
}

/** Where a client stood: the last offset it has seen, and the epoch that offset belongs to. */
export interface Position {
  readonly epoch: string;
  readonly offset: number;
}

export interface Limits {
  readonly messages_per_second: number;
  readonly message_burst: number;
  /** Everything that is not a message to a room. */
  readonly commands_per_second: number;
  readonly command_burst: number;
  readonly text_bytes_max: number;
  readonly frame_bytes_max: number;
  readonly rooms_per_connection_max: number;
  readonly room_name_bytes_max: number;
  readonly history_limit_max: number;
}

export interface Welcome {
  readonly type: 'welcome';
  readonly user_id: string;
  readonly username: string;
  /** The subprotocol in use, `hubbub.v1.json` and so on. */
  readonly protocol: string;
  /** A resume token: present it as `?token=` or in `auth` to come back as the same user. */
  readonly session: string;
  readonly ping_interval_ms: number;
  readonly default_room: string;
  readonly limits: Limits;
  readonly id?: string;
}

/** `message`, on the wire: a record with its room. `prev` is absent when it is `offset - 1`. */
export interface RoomMessage extends Omit<MessageRecord, 'prev'> {
  readonly type: 'message';
  readonly room: string;
  readonly prev?: number;
}

export interface Joined {
  readonly type: 'joined';
  readonly room: string;
  readonly epoch: string;
  readonly offset: number;
  /** At most 100 of them; `list_users` pages through the rest. */
  readonly users: readonly User[];
  readonly user_count: number;
  /** Answers `since`: true when `messages` is everything after it, false when that cannot be proven. */
  readonly recovered?: boolean;
  readonly messages?: readonly RoomMessage[];
  readonly id?: string;
}

export interface Left {
  readonly type: 'left';
  readonly room: string;
  readonly id?: string;
}

export interface Ack {
  readonly type: 'ack';
  readonly id: string;
  readonly room: string;
  readonly offset: number;
  readonly duplicate?: true;
}

export type PresenceStatus = 'online' | 'offline';

/** Small rooms: one user came or went. */
export interface UserPresence {
  readonly type: 'presence';
  readonly room: string;
  readonly user: string;
  readonly user_id: string;
  readonly status: PresenceStatus;
}

/** Large rooms: who came and went since the last one, names capped, the count exact. */
export interface RoomPresence {
  readonly type: 'presence';
  readonly room: string;
  readonly joined: readonly User[];
  readonly left: readonly User[];
  readonly count: number;
}

export interface TypingEvent {
  readonly type: 'typing';
  readonly room: string;
  readonly user: string;
  readonly user_id: string;
  readonly status: 'started' | 'stopped';
}

export interface UserList {
  readonly type: 'users';
  readonly room: string;
  readonly users: readonly User[];
  readonly user_count: number;
  /** Present when there are more: the `after` of the next `list_users`. */
  readonly next?: string;
  readonly id?: string;
}

export interface History {
  readonly type: 'history';
  readonly room: string;
  readonly epoch: string;
  /** Oldest first. */
  readonly messages: readonly RoomMessage[];
  /** Whether older ones exist: ask again with `before` set to the first offset of this page. */
  readonly more: boolean;
  readonly id?: string;
}

export interface ErrorMessage {
  readonly type: 'error';
  readonly code: ErrorCode;
  readonly message: string;
  readonly temporary: boolean;
  readonly room?: string;
  readonly id?: string;
  readonly retry_after_ms?: number;
}

export interface Pong {
  readonly type: 'pong';
  readonly id?: string;
}

/** The server is about to close: come back after `after_ms` plus a random part of `jitter_ms`. */
export interface Reconnect {
  readonly type: 'reconnect';
  readonly after_ms: number;
  readonly jitter_ms: number;
  readonly reason: string;
}

/** What this connection is let in by ends soon: present a new token of the same user with `auth`. */
export interface TokenExpiring {
  readonly type: 'token_expiring';
  readonly expires_in_ms: number;
}

/** What goes to a room without a place in its history. */
export type VolatileEvent = UserPresence | RoomPresence | TypingEvent;

/** What goes to one connection. */
export type Reply =
  | Welcome
  | TokenExpiring
  | Left
  | Ack
  | UserList
  | ErrorMessage
  | Pong
  | Reconnect;

/** Replies that carry a page of records: encoded as a head, the page spliced in as `messages`. */
export type PageHead = Omit<Joined, 'messages'> | Omit<History, 'messages'>;

export type ServerMessage = Reply | VolatileEvent | RoomMessage | Joined | History;
