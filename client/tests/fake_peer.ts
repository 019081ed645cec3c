import type { ServerWebSocket } from 'bun';
import type { ErrorMessage, Limits, ServerMessage, User } from '../../server/protocol/messages.ts';
import type { Command } from '../commands.ts';
import { FakeRoom } from './fake_room.ts';
import { WIRES, type Wire } from './fake_wire.ts';

const LIMITS: Limits = {
  messages_per_second: 0,
  commands_per_second: 50,
  command_burst: 200,
  message_burst: 1,
  text_bytes_max: 4_096,
  frame_bytes_max: 65_536,
  rooms_per_connection_max: 100,
  room_name_bytes_max: 128,
  history_limit_max: 100,
};

type Handshake = { readonly url: URL; readonly subprotocol: string; readonly user: User };

/** One client as the peer sees it. */
export class FakeConnection {
  user: User;
  readonly url: URL;
  readonly rooms = new Set<string>();
  /** Frames as they came in, each as the commands in it. */
  readonly frames: (readonly Command[])[] = [];
  readonly #wire: Wire;
  readonly #socket: ServerWebSocket<Handshake>;
  #batch: ServerMessage[] = [];

  constructor(socket: ServerWebSocket<Handshake>) {
    const { url, subprotocol, user } = socket.data;
    this.#socket = socket;
    this.url = url;
    this.user = user;
    this.#wire = wireOf(subprotocol);
  }

  get commands(): readonly Command[] {
    return this.frames.flat();
  }

  read(frame: string | Buffer): readonly Command[] {
    const commands = this.#wire.read(frame);
    this.frames.push(commands);
    return commands;
  }

  /** What is said in one turn leaves together. */
  say(message: ServerMessage): void {
    if (this.#batch.length === 0) queueMicrotask(() => this.flush());
    this.#batch.push(message);
  }

  refuse(command: Command, error: Pick<ErrorMessage, 'code'> & Partial<ErrorMessage>): void {
    const id = 'id' in command ? { id: command.id } : undefined;
    this.say({ type: 'error', message: error.code, temporary: false, ...id, ...error } as const);
  }

  flush(): void {
    const batch = this.#batch;
    this.#batch = [];
    if (batch.length > 0) for (const frame of this.#wire.write(batch)) this.#socket.send(frame);
  }

  raw(frame: string | Uint8Array): void {
    this.#socket.send(frame);
  }

  close(code: number, reason = 'as scripted'): void {
    this.flush();
    this.#socket.close(code, reason);
  }

  /** No farewell: what a crash or a dead network looks like. */
  cut(): void {
    this.#socket.terminate();
  }
}

function wireOf(subprotocol: string): Wire {
  const wire = WIRES[subprotocol];
  if (wire === undefined) throw new Error(`the client offered ${subprotocol}`);
  return wire;
}

/** Faults a test can set; each may be changed while clients are connected. */
export interface Script {
  /** Refuses the handshake with an HTTP status, or lets it pass. */
  upgrade: (url: URL) => number | undefined;
  /** Takes a command over. @returns whether it did: nothing else happens to it then */
  command: (connection: FakeConnection, command: Command) => boolean;
  /** Changes a room's record on its way to one member, or drops it. */
  deliver: (connection: FakeConnection, message: ServerMessage) => ServerMessage | undefined;
}

/**
 * A Hubbub server for the client's tests, over real sockets: it keeps the protocol as long as its
 * script lets it. Resume tokens are `resume:<user_id>`, good as long as `refusedTokens` lacks them.
 */
export class FakePeer {
  readonly rooms = new Map<string, FakeRoom>();
  readonly connections = new Set<FakeConnection>();
  /** Everyone who ever connected, in order. */
  readonly history: FakeConnection[] = [];
  readonly refusedTokens = new Set<string>();
  readonly script: Script;
  limits: Limits = LIMITS;
  ping_interval_ms = 30_000;
  sendsWelcome = true;
  #server: ReturnType<FakePeer['listen']> | undefined;
  #port = 0;
  #guests = 0;
  #epochs = 0;

  constructor() {
    this.script = {
      upgrade: () => undefined,
      command: () => false,
      deliver: (_, message) => message,
    };
    this.start();
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#port}/ws`;
  }

  /** Listens, on the same port as before. */
  start(): void {
    this.#server = this.listen();
    this.#port = this.#server.port ?? 0;
  }

  async stop(): Promise<void> {
    for (const connection of this.connections) connection.cut();
    await this.#server?.stop(true);
  }

  room(name: string): FakeRoom {
    const existing = this.rooms.get(name);
    if (existing !== undefined) return existing;
    const room = new FakeRoom(name, this.newEpoch());
    this.rooms.set(name, room);
    return room;
  }

  newEpoch(): string {
    this.#epochs += 1;
    return `epoch-${this.#epochs}`;
  }

  /** Publishes as somebody else, to every member. */
  publish(name: string, text: string): void {
    const { record } = this.room(name).publish({ user_id: 'u-other', username: 'other' }, text);
    if (record !== undefined) this.broadcast(name, record);
  }

  broadcast(name: string, message: ServerMessage): void {
    for (const connection of this.connections) {
      if (!connection.rooms.has(name)) continue;
      const delivered = this.script.deliver(connection, message);
      if (delivered !== undefined) connection.say(delivered);
    }
  }

  listen() {
    return Bun.serve({
      port: this.#port,
      hostname: '127.0.0.1',
      fetch: (request, server) => {
        const url = new URL(request.url);
        const user = this.#identify(url.searchParams.get('token'));
        const status = this.script.upgrade(url);
        if (status !== undefined) return new Response(null, { status });
        if (user === undefined) return new Response(null, { status: 401 });
        const subprotocol = request.headers.get('sec-websocket-protocol') ?? '';
        const upgraded = server.upgrade(request, {
          data: { url, subprotocol, user },
          headers: { 'sec-websocket-protocol': subprotocol },
        });
        return upgraded ? undefined : new Response(null, { status: 426 });
      },
      websocket: this.#handlers(),
    });
  }

  #handlers() {
    const bySocket = new Map<ServerWebSocket<Handshake>, FakeConnection>();
    return {
      data: {} as Handshake,
      open: (socket: ServerWebSocket<Handshake>) => {
        const connection = new FakeConnection(socket);
        bySocket.set(socket, connection);
        this.connections.add(connection);
        this.history.push(connection);
        if (this.sendsWelcome) this.#welcome(connection);
      },
      message: (socket: ServerWebSocket<Handshake>, frame: string | Buffer) => {
        const connection = bySocket.get(socket);
        if (connection === undefined) return;
        for (const command of connection.read(frame)) {
          if (!this.script.command(connection, command)) this.obey(connection, command);
        }
      },
      close: (socket: ServerWebSocket<Handshake>) => {
        const connection = bySocket.get(socket);
        bySocket.delete(socket);
        if (connection !== undefined) this.connections.delete(connection);
      },
    };
  }

  /** Does what a command asks, as the protocol says. */
  obey(connection: FakeConnection, command: Command): void {
    const id = 'id' in command && command.id !== undefined ? { id: command.id } : undefined;
    switch (command.type) {
      case 'auth':
        this.#authenticate(connection, command.token, id);
        break;
      case 'ping':
        connection.say({ type: 'pong', ...id });
        break;
      case 'join':
        connection.rooms.add(command.room);
        connection.say(
          this.room(command.room).joined(this.#users(command.room), command.since, command.id),
        );
        break;
      case 'leave':
        connection.rooms.delete(command.room);
        connection.say({ type: 'left', room: command.room, ...id });
        break;
      case 'list_users': {
        const users = this.#users(command.room);
        connection.say({
          type: 'users',
          room: command.room,
          users: users.slice(0, command.limit),
          user_count: users.length,
          ...id,
        });
        break;
      }
      case 'history': {
        const room = this.room(command.room);
        const before = command.before ?? Number.POSITIVE_INFINITY;
        const older = room.records.filter((record) => record.offset < before);
        const messages = older.slice(-(command.limit ?? 100));
        const more = messages.length < older.length;
        const { epoch } = room;
        connection.say({ type: 'history', room: command.room, epoch, messages, more, ...id });
        break;
      }
      case 'typing': {
        const { user_id, username: user } = connection.user;
        const { room, status } = command;
        this.broadcast(room, { type: 'typing', room, user, user_id, status });
        break;
      }
      case 'message': {
        if (!connection.rooms.has(command.room)) {
          connection.refuse(command, { code: 'not_joined' });
          return;
        }
        this.accept(connection, command.room, command.text, command.id);
      }
    }
  }

  /** Gives a message its place, tells the room, and the sender unless the acknowledgement is to be lost. */
  accept(
    connection: FakeConnection,
    name: string,
    text: string,
    id: string,
    answered = true,
  ): void {
    const { offset, duplicate, record } = this.room(name).publish(connection.user, text, id);
    if (answered) {
      connection.say({ type: 'ack', id, room: name, offset, ...(duplicate && { duplicate }) });
    }
    if (record !== undefined) this.broadcast(name, record);
  }

  #authenticate(
    connection: FakeConnection,
    token: string,
    id: { readonly id: string } | undefined,
  ): void {
    const user = this.#identify(token);
    if (user === undefined) {
      const error = { code: 'token_invalid', message: 'no', temporary: false } as const;
      connection.say({ type: 'error', ...error, ...id });
      connection.close(4501);
      return;
    }
    connection.user = user;
    this.#welcome(connection, id);
  }

  #welcome(connection: FakeConnection, id?: { readonly id: string }): void {
    const { user } = connection;
    connection.say({
      type: 'welcome',
      ...user,
      session: `resume:${user.user_id}`,
      protocol: connection.url.pathname,
      ping_interval_ms: this.ping_interval_ms,
      default_room: 'lobby',
      limits: this.limits,
      ...id,
    });
  }

  /** @returns undefined for a token that is not good */
  #identify(token: string | null): User | undefined {
    if (token === null) {
      this.#guests += 1;
      return { user_id: `guest-${this.#guests}`, username: `guest ${this.#guests}` };
    }
    if (this.refusedTokens.has(token)) return undefined;
    const user_id = token.replace(/^resume:/, '');
    return { user_id, username: `name of ${user_id}` };
  }

  #users(name: string): readonly User[] {
    return [...this.connections].filter(({ rooms }) => rooms.has(name)).map(({ user }) => user);
  }
}
