import type { Joined, Position, RoomMessage } from '../server/protocol/messages.ts';
import { Backoff, clampDelay } from './backoff.ts';
import type { HubbubError } from './errors.ts';
import type { ClientLimits } from './options.ts';
import type { Requests } from './requests.ts';
import { type Gap, RoomState } from './room_state.ts';

/** What a room answers a join with; its replay is delivered as messages. */
export type JoinedRoom = Omit<Joined, 'messages' | 'id'>;

export interface RoomEvents {
  joined(joined: JoinedRoom): void;
  message(message: RoomMessage): void;
  gap(gap: Gap): void;
  /** The server will not have this client in the room: it is over. */
  dropped(error: HubbubError): void;
  /** A join went unanswered: this connection is not to be believed in. */
  unanswered(): void;
}

export interface RoomSettings {
  readonly limits: ClientLimits;
  readonly requests: Requests;
  readonly random: () => number;
}

/** One room the application wants to be in: joins it, and again after each cut and each gap. */
export class Room {
  readonly #name: string;
  readonly #requests: Requests;
  readonly #events: RoomEvents;
  readonly #state: RoomState;
  readonly #backoff: Backoff;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #joined: JoinedRoom | undefined;
  #attached = false;
  #closed = false;

  constructor(
    name: string,
    since: Position | undefined,
    settings: RoomSettings,
    events: RoomEvents,
  ) {
    const { limits, requests, random } = settings;
    this.#name = name;
    this.#requests = requests;
    this.#events = events;
    this.#state = new RoomState(name, since, limits.held_messages_max);
    this.#backoff = new Backoff(limits.rejoin_base_ms, limits.reconnect_cap_ms, random);
  }

  /** Joined on this connection: what is sent to the room now is accepted. */
  get attached(): boolean {
    return this.#attached;
  }

  get position(): Position | undefined {
    return this.#state.position;
  }

  /** The newest answer to a join. */
  get joined(): JoinedRoom | undefined {
    return this.#joined;
  }

  online(): void {
    this.#backoff.reset();
    this.#ask();
  }

  offline(): void {
    this.#attached = false;
    this.#state.detach();
    clearTimeout(this.#timer);
  }

  close(): void {
    this.#closed = true;
    this.offline();
  }

  receive(message: RoomMessage): void {
    const reception = this.#state.receive(message);
    if (reception === 'deliver') {
      if (this.#backoff.attempt > 0) this.#backoff.reset();
      this.#events.message(message);
    } else if (reception === 'gap') {
      // Whatever made this gap made it for others too: the jitter keeps them from asking at once.
      this.#askLater(this.#backoff.next());
    }
  }

  #askLater(delay_ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), delay_ms);
  }

  #ask(): void {
    // The server ends the old membership before it begins the new one, and may fail in between.
    this.#attached = false;
    const { position } = this.#state;
    const since = position === undefined ? undefined : { since: position };
    this.#requests.issue(
      { type: 'join', room: this.#name, ...since },
      { reply: (joined) => this.#accept(joined), fail: (error) => this.#fail(error) },
    );
  }

  #accept({ messages, id, ...joined }: Joined): void {
    if (this.#closed) return;
    const events = this.#state.joined({ ...joined, ...(messages && { messages }) });
    this.#attached = true;
    this.#joined = joined;
    this.#events.joined(joined);
    for (const event of events) {
      // A listener may have left the room over the event before.
      if (this.#closed) return;
      if (event.kind === 'message') this.#events.message(event.message);
      else this.#events.gap(event.gap);
    }
  }

  #fail(error: HubbubError): void {
    // A connection that is gone asks again when the next one is there.
    if (this.#closed || error.code === 'disconnected') return;
    if (error.code === 'deadline') this.#events.unanswered();
    else if (error.temporary) {
      this.#askLater(Math.max(this.#backoff.next(), clampDelay(error.retry_after_ms ?? 0)));
    } else {
      this.close();
      this.#events.dropped(error);
    }
  }
}
