import type {
  History,
  Joined,
  Left,
  Pong,
  Position,
  UserList,
  Welcome,
} from '../server/protocol/messages.ts';

/** What the client says. Any of them may carry an `id`, echoed in its one reply or in `error`. */

export interface AuthCommand {
  readonly type: 'auth';
  readonly token: string;
  readonly id?: string;
}

export interface JoinCommand {
  readonly type: 'join';
  readonly room: string;
  readonly since?: Position;
  readonly id?: string;
}

export interface LeaveCommand {
  readonly type: 'leave';
  readonly room: string;
  readonly id?: string;
}

export interface MessageCommand {
  readonly type: 'message';
  readonly room: string;
  readonly text: string;
  readonly id: string;
}

export type TypingStatus = 'started' | 'stopped';

export interface TypingCommand {
  readonly type: 'typing';
  readonly room: string;
  readonly status: TypingStatus;
}

/** Which page of a room's users: at most `limit` after the user `after` of the page before. */
export interface UserPageRequest {
  readonly limit?: number;
  readonly after?: string;
}

export interface ListUsersCommand extends UserPageRequest {
  readonly type: 'list_users';
  readonly room: string;
  readonly id?: string;
}

/** Which page of a room's history: the newest `limit` records with an offset below `before`. */
export interface HistoryPageRequest {
  readonly limit?: number;
  readonly before?: number;
}

export interface HistoryCommand extends HistoryPageRequest {
  readonly type: 'history';
  readonly room: string;
  readonly id?: string;
}

export interface PingCommand {
  readonly type: 'ping';
  readonly id?: string;
}

/** Commands with exactly one reply. */
export type Request =
  | AuthCommand
  | JoinCommand
  | LeaveCommand
  | ListUsersCommand
  | HistoryCommand
  | PingCommand;

export type Command = Request | MessageCommand | TypingCommand;

/** The reply to each request. */
export interface Replies {
  readonly auth: Welcome;
  readonly join: Joined;
  readonly leave: Left;
  readonly list_users: UserList;
  readonly history: History;
  readonly ping: Pong;
}

export const REPLY_TYPES = {
  auth: 'welcome',
  join: 'joined',
  leave: 'left',
  list_users: 'users',
  history: 'history',
  ping: 'pong',
} as const satisfies { [Name in keyof Replies]: Replies[Name]['type'] };
