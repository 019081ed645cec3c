import {
  HubbubClient,
  HubbubError,
  type JoinedRoom,
  type Limits,
  ndjson,
  type RoomMessage,
  type StateChange,
  type TypingEvent,
} from '../../../client/index.ts';
import { Room } from './model/room.ts';
import { Typists } from './model/typists.ts';
import { failureText } from './model/words.ts';

export interface ChatOptions {
  /** Where the server listens. */
  readonly url: string;
  /** The name wished for; without one the server makes one up. */
  readonly name: string | undefined;
  /** A resume token of this window. */
  readonly session: string | undefined;
}

export interface ChatEvents {
  /** Something to be shown differently. Comes often. */
  changed(): void;
  /** The server has said who this is. */
  welcomed(chat: Chat): void;
  /** The server will not have this client in a room, or said something nobody asked for. */
  refused(message: string): void;
}

/** A person waits long for a connection before giving a message up. */
const SEND_DEADLINE_MS = 10 * 60_000;
const HISTORY_PAGE = 50;

/** The rooms somebody is in, and what happens there: the client's events turned into things to show. */
export class Chat {
  readonly rooms = new Map<string, Room>();
  #connection: StateChange = { state: 'connecting' };
  #current: Room | undefined;
  #isWatched = true;
  readonly #client: HubbubClient;
  readonly #events: ChatEvents;
  /** A refused resume token makes somebody a new guest: their older messages stay theirs here. */
  readonly #me = new Set<string>();

  /** @throws TypeError when the URL cannot be one */
  constructor({ url, name, session }: ChatOptions, events: ChatEvents) {
    this.#events = events;
    this.#client = new HubbubClient({
      url,
      encoding: ndjson,
      limits: { send_deadline_ms: SEND_DEADLINE_MS },
      ...(name !== undefined && { name }),
      ...(session !== undefined && { session }),
    });
    this.#listen();
  }

  get connection(): StateChange {
    return this.#connection;
  }

  /** The room being looked at. */
  get current(): Room | undefined {
    return this.#current;
  }

  get user_id(): string | undefined {
    return this.#client.welcome?.user_id;
  }

  get username(): string | undefined {
    return this.#client.welcome?.username;
  }

  get session(): string | undefined {
    return this.#client.session;
  }

  get limits(): Limits | undefined {
    return this.#client.welcome?.limits;
  }

  get default_room(): string | undefined {
    return this.#client.welcome?.default_room;
  }

  /** Messages that closing the page now would lose. */
  get unsent(): number {
    return this.#client.unacknowledged;
  }

  connect(): void {
    // How it goes is told by `state`, and the client goes on trying after the deadline of this.
    this.#client.connect().catch(expectHubbubError);
  }

  /** Joins a room, unless it is joined, and turns to it. */
  open(name: string): void {
    let room = this.rooms.get(name);
    if (room === undefined) {
      room = new Room(name);
      this.rooms.set(name, room);
      this.#join(name);
    }
    this.#current = room;
    this.#look();
  }

  leave(name: string): void {
    const names = [...this.rooms.keys()];
    const at = names.indexOf(name);
    this.rooms.delete(name);
    if (this.#current?.name === name) {
      this.#current = this.rooms.get(names[at + 1] ?? names[at - 1] ?? '');
      this.#look();
    }
    this.#client.leave(name).catch(expectHubbubError);
    this.#events.changed();
  }

  send(room: Room, text: string): void {
    const key = room.timeline.queue(text, Date.now());
    this.#client.send(room.name, text).then(
      ({ offset }) => {
        const me = { name: this.username ?? '', user_id: this.user_id ?? '' };
        room.timeline.acknowledge(key, offset, me);
        this.#events.changed();
      },
      (error: unknown) => {
        room.timeline.fail(key, failureText(expectHubbubError(error)));
        this.#events.changed();
      },
    );
    this.#events.changed();
  }

  /** @param key of an own message that was not sent */
  resend(room: Room, key: string): void {
    const failed = room.timeline.discard(key);
    if (failed !== undefined) this.send(room, failed.text);
  }

  discard(room: Room, key: string): void {
    room.timeline.discard(key);
    this.#events.changed();
  }

  typing(room: Room, status: TypingEvent['status']): void {
    this.#client.typing(room.name, status);
  }

  /** Whether somebody is there to see what comes. */
  watch(isWatched: boolean): void {
    this.#isWatched = isWatched;
    this.#look();
  }

  /** Asks for the page of history above what is here. */
  loadEarlier(room: Room): void {
    const before = room.timeline.oldest;
    const page = { limit: HISTORY_PAGE, ...(before !== undefined && { before }) };
    room.earlier = 'asking';
    this.#client.history(room.name, page).then(
      ({ messages, more }) => {
        room.timeline.history(messages, (message) => this.#isOwn(message));
        room.earlier = more ? 'more' : 'none';
        this.#events.changed();
      },
      (error: unknown) => {
        expectHubbubError(error);
        room.earlier = 'more';
        this.#events.changed();
      },
    );
    this.#events.changed();
  }

  #listen(): void {
    const client = this.#client;
    client.on('state', (change) => this.#stateChanged(change));
    client.on('joined', (joined) => this.#joined(joined));
    client.on('message', (message) => this.#receive(message));
    client.on('gap', (gap) => this.#update(gap.room, ({ timeline }) => timeline.gap(gap)));
    client.on('presence', (event) =>
      this.#update(event.room, ({ people, typists }) => {
        people.change(event);
        if ('status' in event && event.status === 'offline') typists.stopped(event.user_id);
      }),
    );
    client.on('typing', (event) => this.#typing(event));
    client.on('left', ({ room, error }) => {
      if (error !== undefined) this.#refused(room, error);
    });
    client.on('error', ({ message }) => this.#events.refused(message));
  }

  #stateChanged(change: StateChange): void {
    this.#connection = change;
    if (change.state === 'online') {
      this.#me.add(change.welcome.user_id);
      this.#events.welcomed(this);
      // Rooms the client gave up waiting for while there was no connection.
      for (const name of this.rooms.keys()) this.#join(name);
    } else {
      for (const { typists } of this.rooms.values()) typists.clear();
    }
    this.#events.changed();
  }

  #join(name: string): void {
    // A refusal is told by `left`, too.
    this.#client.join(name).catch(expectHubbubError);
  }

  #joined({ room: name, epoch, offset, users, user_count }: JoinedRoom): void {
    this.#update(name, (room) => {
      room.timeline.joined(epoch, offset);
      room.people.joined(users, user_count);
      room.isJoined = true;
      if (room.earlier === 'unknown') this.loadEarlier(room);
    });
  }

  #receive(message: RoomMessage): void {
    this.#update(message.room, (room) => {
      const own = this.#isOwn(message);
      const seen = this.#isWatched && room === this.#current;
      room.timeline.receive(message, { own, seen });
      if (!own && !seen) room.unread += 1;
    });
  }

  #typing(event: TypingEvent): void {
    if (this.#me.has(event.user_id)) return;
    this.#update(event.room, ({ typists }) => typists.change(event, performance.now()));
    setTimeout(() => this.#events.changed(), Typists.expiry_ms);
  }

  #refused(name: string, error: HubbubError): void {
    // What may yet work is tried again on the next connection.
    if (error.temporary || this.#connection.state === 'closed') return;
    const room = this.rooms.get(name);
    if (room === undefined) return;
    this.rooms.delete(name);
    if (this.#current === room) this.#current = this.rooms.values().next().value;
    this.#events.refused(`The room “${name}” is not open to you. ${error.message}`);
    this.#events.changed();
  }

  #look(): void {
    if (this.#isWatched && this.#current !== undefined) {
      this.#current.unread = 0;
      this.#current.timeline.read();
    }
    this.#events.changed();
  }

  #update(name: string, change: (room: Room) => void): void {
    const room = this.rooms.get(name);
    if (room === undefined) return;
    change(room);
    this.#events.changed();
  }

  #isOwn = ({ from_id }: RoomMessage): boolean => this.#me.has(from_id);
}

/** The client rejects with nothing else: any other error is a defect, and must show. */
function expectHubbubError(error: unknown): HubbubError {
  if (error instanceof HubbubError) return error;
  throw error;
}
