import type {
  Auth,
  ClientMessage,
  HistoryRequest,
  Join,
  Leave,
  ListUsers,
  Message,
  Ping,
  Typing,
} from '../../server/protocol/commands.ts';
import type {
  Ack,
  ErrorMessage,
  History,
  Joined,
  Left,
  Limits,
  Pong,
  Reconnect,
  RoomMessage,
  RoomPresence,
  ServerMessage,
  TokenExpiring,
  TypingEvent,
  UserList,
  UserPresence,
  Welcome,
} from '../../server/protocol/messages.ts';

/**
 * The fields of every message as values. The compiler holds them to the types of the code, field by
 * field and optional or not; a test holds the document to them.
 */
type Shape<T> = {
  readonly [F in Exclude<keyof T, 'type'>]-?: Record<never, never> extends Pick<T, F>
    ? 'optional'
    : 'required';
};
export type AnyShape = Readonly<Record<string, 'optional' | 'required'>>;

const message: Shape<Message> = { room: 'optional', text: 'required', id: 'optional' };

export const CLIENT_SHAPES: Readonly<Record<ClientMessage['type'], AnyShape>> = {
  auth: { token: 'required', id: 'optional' } satisfies Shape<Auth>,
  join: { room: 'optional', since: 'optional', id: 'optional' } satisfies Shape<Join>,
  leave: { room: 'optional', id: 'optional' } satisfies Shape<Leave>,
  message,
  chat: message,
  history: {
    room: 'optional',
    limit: 'optional',
    before: 'optional',
    id: 'optional',
  } satisfies Shape<HistoryRequest>,
  typing: { room: 'optional', status: 'required' } satisfies Shape<Typing>,
  list_users: {
    room: 'optional',
    limit: 'optional',
    after: 'optional',
    id: 'optional',
  } satisfies Shape<ListUsers>,
  ping: { id: 'optional' } satisfies Shape<Ping>,
};

export const LIMITS_SHAPE: AnyShape = {
  messages_per_second: 'required',
  message_burst: 'required',
  commands_per_second: 'required',
  command_burst: 'required',
  text_bytes_max: 'required',
  frame_bytes_max: 'required',
  rooms_per_connection_max: 'required',
  room_name_bytes_max: 'required',
  history_limit_max: 'required',
} satisfies Shape<Limits>;

/** One message type may have several shapes. */
export const SERVER_SHAPES: Readonly<Record<ServerMessage['type'], readonly AnyShape[]>> = {
  welcome: [
    {
      user_id: 'required',
      username: 'required',
      session: 'required',
      protocol: 'required',
      ping_interval_ms: 'required',
      default_room: 'required',
      limits: 'required',
      id: 'optional',
    } satisfies Shape<Welcome>,
  ],
  token_expiring: [{ expires_in_ms: 'required' } satisfies Shape<TokenExpiring>],
  joined: [
    {
      room: 'required',
      epoch: 'required',
      offset: 'required',
      users: 'required',
      user_count: 'required',
      recovered: 'optional',
      messages: 'optional',
      id: 'optional',
    } satisfies Shape<Joined>,
  ],
  left: [{ room: 'required', id: 'optional' } satisfies Shape<Left>],
  message: [
    {
      room: 'required',
      from: 'required',
      from_id: 'required',
      text: 'required',
      timestamp: 'required',
      offset: 'required',
      prev: 'optional',
      id: 'optional',
    } satisfies Shape<RoomMessage>,
  ],
  ack: [
    {
      id: 'required',
      room: 'required',
      offset: 'required',
      duplicate: 'optional',
    } satisfies Shape<Ack>,
  ],
  presence: [
    {
      room: 'required',
      user: 'required',
      user_id: 'required',
      status: 'required',
    } satisfies Shape<UserPresence>,
    {
      room: 'required',
      joined: 'required',
      left: 'required',
      count: 'required',
    } satisfies Shape<RoomPresence>,
  ],
  typing: [
    {
      room: 'required',
      user: 'required',
      user_id: 'required',
      status: 'required',
    } satisfies Shape<TypingEvent>,
  ],
  users: [
    {
      room: 'required',
      users: 'required',
      user_count: 'required',
      next: 'optional',
      id: 'optional',
    } satisfies Shape<UserList>,
  ],
  history: [
    {
      room: 'required',
      epoch: 'required',
      messages: 'required',
      more: 'required',
      id: 'optional',
    } satisfies Shape<History>,
  ],
  error: [
    {
      code: 'required',
      message: 'required',
      temporary: 'required',
      room: 'optional',
      id: 'optional',
      retry_after_ms: 'optional',
    } satisfies Shape<ErrorMessage>,
  ],
  pong: [{ id: 'optional' } satisfies Shape<Pong>],
  reconnect: [
    { after_ms: 'required', jitter_ms: 'required', reason: 'required' } satisfies Shape<Reconnect>,
  ],
};
