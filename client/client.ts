import type {
  History,
  Position,
  RoomMessage,
  RoomPresence,
  ServerMessage,
  TypingEvent,
  UserList,
  UserPresence,
  Welcome,
} from '../server/protocol/messages.ts';
import type { HistoryPageRequest, TypingStatus, UserPageRequest } from './commands.ts';
import { Connection, type ConnectionState, type StateChange } from './connection.ts';
import { Emitter } from './emitter.ts';
import { HubbubError } from './errors.ts';
import { type ClientOptions, resolveOptions, type Settings } from './options.ts';
import type { Receipt, SendOptions } from './publication.ts';
import { Publisher } from './publisher.ts';
import { Requests } from './requests.ts';
import type { JoinedRoom } from './room.ts';
import type { Gap } from './room_state.ts';
import { Rooms } from './rooms.ts';

export interface ClientEvents {
  /** The connection's state changed. */
  state: StateChange;
  /** A room was joined, for the first time or again after a cut or a gap: its users are as told here. */
  joined: JoinedRoom;
  /** A room is over: left by `leave`, or for the reason in `error`. */
  left: { readonly room: string; readonly error?: HubbubError };
  /** A record of a room: each once, in the room's order, this client's own included. */
  message: RoomMessage;
  /** Records that will not come. Precedes whatever follows them. */
  gap: Gap;
  /** Who came and went. Not kept by the server: what happens during a cut is in `joined.users`. */
  presence: UserPresence | RoomPresence;
  typing: TypingEvent;
  /** The server complained about something no promise stands for. */
  error: HubbubError;
}

interface JoinOptions {
  /** Where an earlier client stopped: the room goes on after that record. */
  readonly since?: Position;
}

interface ConnectWaiter {
  readonly timer: ReturnType<typeof setTimeout>;
  resolve(welcome: Welcome): void;
  reject(error: HubbubError): void;
}

/** Beyond this much unsent, typing notices are dropped: they are worth nothing late. */
const TYPING_BUFFERED_BYTES_MAX = 65_536;

/** A client of one Hubbub server. See `index.ts` for what it promises. */
export class HubbubClient {
  readonly #settings: Settings;
  readonly #emitter = new Emitter<ClientEvents>();
  readonly #connection: Connection;
  readonly #requests: Requests;
  readonly #rooms: Rooms;
  readonly #publisher: Publisher;
  readonly #connecting = new Set<ConnectWaiter>();
  #online = false;

  /** @throws TypeError when the options cannot work */
  constructor(options: ClientOptions) {
    this.#settings = resolveOptions(options);
    const { limits, random } = this.#settings;
    this.#connection = new Connection(this.#settings, options, {
      changed: (change) => this.#changed(change),
      message: (message) => this.#receive(message),
      failed: (error) => this.#emitter.emit('error', error),
    });
    this.#requests = new Requests(limits, (command) => this.#connection.send(command));
    this.#publisher = new Publisher({
      limits,
      random,
      send: (command) => this.#connection.send(command),
      epochOf: (name) => {
        const room = this.#rooms.get(name);
        return room?.attached ? room.joined?.epoch : undefined;
      },
    });
    this.#rooms = new Rooms(
      { limits, random, requests: this.#requests },
      {
        joined: (joined) => {
          this.#emitter.emit('joined', joined);
          this.#publisher.flush();
        },
        message: (message) => this.#emitter.emit('message', message),
        gap: (gap) => this.#emitter.emit('gap', gap),
        gone: (room, error) => {
          this.#publisher.roomGone(room, error ?? new HubbubError('left'));
          this.#emitter.emit('left', { room, ...(error && { error }) });
        },
        unanswered: () => this.#connection.cut('a join or leave went unanswered'),
      },
    );
  }

  /** Listens to an event. @returns a function that ends the subscription */
  on<Name extends keyof ClientEvents>(
    name: Name,
    listener: (event: ClientEvents[Name]) => void,
  ): () => void {
    return this.#emitter.on(name, listener);
  }

  get state(): ConnectionState {
    return this.#connection.state;
  }

  /** Who the server said this is, and its limits. Undefined before the first welcome. */
  get welcome(): Welcome | undefined {
    return this.#connection.welcome;
  }

  /** The resume token: with it as the option `session`, a later client is the same user. */
  get session(): string | undefined {
    return this.#connection.session;
  }

  /** Messages sent and not acknowledged yet. */
  get unacknowledged(): number {
    return this.#publisher.size;
  }

  /** The last record of a room delivered here: with it as `since`, a later join goes on after it. */
  position(room: string): Position | undefined {
    return this.#rooms.get(room)?.position;
  }

  /**
   * Connects, and from then on comes back whenever the connection is lost, until `close` or until
   * the server says not to.
   * @throws HubbubError `deadline` (the client goes on trying), `token_invalid`, `server_closed`,
   * `closed`
   */
  connect(): Promise<Welcome> {
    const { state, welcome } = this.#connection;
    if (state === 'online' && welcome !== undefined) return Promise.resolve(welcome);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#connecting.delete(waiter);
        reject(new HubbubError('deadline'));
      }, this.#settings.limits.connect_deadline_ms);
      const waiter = { timer, resolve, reject };
      this.#connecting.add(waiter);
      this.#connection.open();
    });
  }

  /** Leaves for good: rooms are forgotten, whatever still waits is rejected as `closed`. */
  close(): void {
    this.#connection.close();
  }

  /**
   * Joins a room and stays in it across reconnects, until `leave`. May be called while offline.
   * @returns the answer to the newest join; records come as `message` events
   * @throws HubbubError `deadline`, `closed`, `left`, or the server's refusal
   */
  join(room: string, { since }: JoinOptions = {}): Promise<JoinedRoom> {
    if (this.state === 'closed') return Promise.reject(new HubbubError('closed', { room }));
    return this.#rooms.join(room, since);
  }

  /**
   * Leaves a room. What was not sent yet is rejected as `left`. Nothing of the room is delivered
   * after this call.
   * @throws HubbubError `deadline`, or the server's refusal
   */
  async leave(room: string): Promise<void> {
    const online = this.#rooms.leave(room, new HubbubError('left', { room }));
    if (!online) return;
    try {
      await this.#requests.ask({ type: 'leave', room });
    } catch (error) {
      // Either way the membership is over.
      const over = error instanceof HubbubError && isOver(error);
      if (!over) throw error;
    }
  }

  /**
   * Publishes to a joined room, also while offline: it leaves as soon as the room is joined again,
   * under one id however often it has to be resent.
   * @throws HubbubError `not_joined`, `outbox_full`, `text_too_large`, `invalid_field`, `deadline`,
   * `left`, `closed`, or the server's permanent refusal; `outcome` tells whether it may have arrived
   */
  send(room: string, text: string, options: SendOptions = {}): Promise<Receipt> {
    if (this.#rooms.get(room) === undefined) {
      return Promise.reject(new HubbubError('not_joined', { room }));
    }
    return this.#publisher.send(room, text, options);
  }

  /** Tells the room about typing. @returns false when there was no good moment: nothing was sent */
  typing(room: string, status: TypingStatus): boolean {
    if (!this.#online || this.#rooms.get(room)?.attached !== true) return false;
    if (this.#connection.bufferedAmount > TYPING_BUFFERED_BYTES_MAX) return false;
    this.#connection.send({ type: 'typing', room, status });
    return true;
  }

  /**
   * A page of the room's users.
   * @throws HubbubError `disconnected`, `deadline`, `requests_too_many`, or the server's refusal
   */
  users(room: string, page: UserPageRequest = {}): Promise<UserList> {
    return this.#requests.ask({ type: 'list_users', room, ...page });
  }

  /**
   * A page of the room's history, oldest first. It does not count as delivered: `message` events are
   * not affected.
   * @throws HubbubError `disconnected`, `deadline`, `requests_too_many`, or the server's refusal
   */
  history(room: string, page: HistoryPageRequest = {}): Promise<History> {
    return this.#requests.ask({ type: 'history', room, ...page });
  }

  /**
   * Asks the server for a sign of life.
   * @returns the round trip in milliseconds
   * @throws HubbubError `disconnected`, `deadline`, `requests_too_many`
   */
  async ping(): Promise<number> {
    const asked_at = performance.now();
    await this.#requests.ask({ type: 'ping' });
    return performance.now() - asked_at;
  }

  #changed(change: StateChange): void {
    if (this.#online) {
      this.#online = false;
      this.#requests.failAll(new HubbubError('disconnected'));
      this.#rooms.offline();
      this.#publisher.offline();
    }
    // The house is in order before anybody is told: a listener may open or close the client.
    if (change.state === 'online') this.#begin(change.welcome);
    if (change.state === 'closed') this.#end(change.error ?? new HubbubError('closed'));
    this.#emitter.emit('state', change);
  }

  #begin(welcome: Welcome): void {
    this.#online = true;
    this.#settleConnecting((waiter) => waiter.resolve(welcome));
    this.#publisher.online(welcome);
    this.#rooms.online();
  }

  #end(error: HubbubError): void {
    this.#settleConnecting((waiter) => waiter.reject(error));
    this.#publisher.rejectAll(error);
    this.#rooms.clear(error);
  }

  #settleConnecting(how: (waiter: ConnectWaiter) => void): void {
    for (const waiter of this.#connecting) {
      clearTimeout(waiter.timer);
      how(waiter);
    }
    this.#connecting.clear();
  }

  #receive(message: ServerMessage): void {
    switch (message.type) {
      case 'message':
        this.#rooms.get(message.room)?.receive(message);
        break;
      case 'ack':
        this.#publisher.acknowledge(message);
        break;
      case 'presence':
        if (this.#rooms.get(message.room)?.attached) this.#emitter.emit('presence', message);
        break;
      case 'typing':
        if (this.#rooms.get(message.room)?.attached) this.#emitter.emit('typing', message);
        break;
      case 'error':
        if (this.#requests.refuse(message) || this.#publisher.refuse(message)) return;
        this.#emitter.emit('error', HubbubError.from(message));
        break;
      case 'left':
        // One that nobody asked for: a newer token no longer allows the room.
        if (!this.#requests.settle(message) && message.id === undefined) {
          this.#rooms.expelled(message.room);
        }
        break;
      default:
        this.#requests.settle(message);
    }
  }
}

/** The server no longer counts this client in, whatever became of the request to leave. */
const isOver = ({ code }: HubbubError): boolean => code === 'disconnected' || code === 'not_joined';
