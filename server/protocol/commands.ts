import type { Position } from './messages.ts';

/**
 * What clients say. Any message may carry an `id`: its one direct reply, or the `error`, carries it back.
 * A missing `room` means the default room.
 */

export interface Auth {
  readonly type: 'auth';
  /** A JSON Web Token, a session token, or `welcome.session` of an earlier connection. */
  readonly token: string;
  readonly id?: string;
}

export interface Join {
  readonly type: 'join';
  readonly room?: string;
  /** The last record this client has seen: asks for everything after it. */
  readonly since?: Position;
  readonly id?: string;
}

export interface Leave {
  readonly type: 'leave';
  readonly room?: string;
  readonly id?: string;
}

export interface Message {
  /** `chat` is the same; what is broadcast is always a `message`. */
  readonly type: 'message' | 'chat';
  readonly room?: string;
  readonly text: string;
  /** Asks for an `ack`, and makes sending it again harmless. */
  readonly id?: string;
}

export interface Typing {
  readonly type: 'typing';
  readonly room?: string;
  readonly status: 'started' | 'stopped';
}

export interface ListUsers {
  readonly type: 'list_users';
  readonly room?: string;
  /** 1 to 100; 100 when absent. */
  readonly limit?: number;
  /** The `next` of the page before. */
  readonly after?: string;
  readonly id?: string;
}

export interface HistoryRequest {
  readonly type: 'history';
  readonly room?: string;
  /** 1 to 100; 100 when absent. */
  readonly limit?: number;
  /** Only records with a lower offset; the newest ones when absent. */
  readonly before?: number;
  readonly id?: string;
}

export interface Ping {
  readonly type: 'ping';
  readonly id?: string;
}

export type ClientMessage =
  | Auth
  | Join
  | Leave
  | Message
  | Typing
  | ListUsers
  | HistoryRequest
  | Ping;
