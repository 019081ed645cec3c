/**
 * The Hubbub client: browsers, Bun, Node.
 *
 * ```ts
 * const client = new HubbubClient({ url: 'wss://chat.example.com/ws' });
 * client.on('message', ({ room, from, text }) => console.log(room, from, text));
 * client.on('gap', ({ room, reason }) => console.warn(room, 'has a gap:', reason));
 * await client.connect();
 * await client.join('lobby');
 * const { offset } = await client.send('lobby', 'hello');
 * ```
 *
 * What it promises:
 * - Each record of a joined room is delivered once and in order, across reconnects; where that is
 *   impossible, a `gap` event says so before anything that follows the gap.
 * - A `send` resolves when the room has the message. Until then it is kept, and sent again under
 *   the same id after every cut. The server recognises the id within its window, so the room has the
 *   message once, unless `resentAcrossReset` says that the room or the identity began anew between.
 * - A room's messages are sent in the order of `send`, also after a cut. A temporary refusal by the
 *   server can let those already under way pass; `in_flight_max: 1` excludes that.
 * - No wait is without a deadline and no queue without a bound; all are in `ClientLimits`.
 * - After a cut it comes back after a random part of an exponentially growing wait, or when the
 *   server said; after a close code from 4500 on it does not. A refused resume token is dropped for
 *   the application's token, or for being a new guest; a refused application token ends it.
 * - Where `token` is a callback, a newer token is presented before the one in use ends, and rooms
 *   are not left for it.
 *
 * MessagePack comes from `./messagepack.ts`, so that nothing here has a dependency.
 * @module
 */
export type {
  History,
  Joined,
  Limits,
  Position,
  RoomMessage,
  RoomPresence,
  TypingEvent,
  User,
  UserList,
  UserPresence,
  Welcome,
} from '../server/protocol/messages.ts';
export { type ClientEvents, HubbubClient } from './client.ts';
export type { HistoryPageRequest, TypingStatus, UserPageRequest } from './commands.ts';
export type { ConnectionState, StateChange } from './connection.ts';
export type { TokenSource } from './credentials.ts';
export type { Encoding, Frame } from './encoding.ts';
export { json, ndjson } from './encoding_json.ts';
export { HubbubError, type HubbubErrorCode, type Outcome } from './errors.ts';
export type { ClientLimits, ClientOptions } from './options.ts';
export type { Receipt, SendOptions } from './publication.ts';
export type { JoinedRoom } from './room.ts';
export type { Gap } from './room_state.ts';
export type { WebSocketConstructor, WebSocketLike } from './web_socket.ts';
