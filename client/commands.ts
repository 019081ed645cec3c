import type {
  Auth,
  HistoryRequest,
  Join,
  Leave,
  ListUsers,
  Message,
  Ping,
  Typing,
} from '../server/protocol/commands.ts';
import type {
  History,
  Joined,
  Left,
  Pong,
  UserList,
  Welcome,
} from '../server/protocol/messages.ts';

/** A command as this client sends it: it always names the room. */
type Named<C extends { readonly room?: string }> = C & { readonly room: string };

/** This client publishes under an id, always: sending again must be harmless. */
export type MessageCommand = Named<Omit<Message, 'type'>> & {
  readonly type: 'message';
  readonly id: string;
};

export type TypingStatus = Typing['status'];

/** Which page of a room's users: at most `limit` after the user `after` of the page before. */
export type UserPageRequest = Pick<ListUsers, 'limit' | 'after'>;

/** Which page of a room's history: the newest `limit` records with an offset below `before`. */
export type HistoryPageRequest = Pick<HistoryRequest, 'limit' | 'before'>;

/** Commands with exactly one reply. */
export type Request =
  | Auth
  | Named<Join>
  | Named<Leave>
  | Named<ListUsers>
  | Named<HistoryRequest>
  | Ping;

export type Command = Request | MessageCommand | Named<Typing>;

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
