import type { Position, RoomMessage } from '../server/protocol/messages.ts';
import { HubbubError } from './errors.ts';
import { type JoinedRoom, Room, type RoomSettings } from './room.ts';
import type { Gap } from './room_state.ts';

export interface RoomsEvents {
  joined(joined: JoinedRoom): void;
  message(message: RoomMessage): void;
  gap(gap: Gap): void;
  /** The room is no longer there for this client: by its own wish, or for the reason given. */
  gone(room: string, error: HubbubError | undefined): void;
  unanswered(): void;
}

interface Waiter {
  readonly timer: ReturnType<typeof setTimeout>;
  resolve(joined: JoinedRoom): void;
  reject(error: HubbubError): void;
}

interface Membership {
  readonly room: Room;
  readonly waiters: Set<Waiter>;
}

/** The rooms the application wants to be in, and those who wait for a join. */
export class Rooms {
  readonly #settings: RoomSettings;
  readonly #events: RoomsEvents;
  readonly #memberships = new Map<string, Membership>();
  #online = false;

  constructor(settings: RoomSettings, events: RoomsEvents) {
    this.#settings = settings;
    this.#events = events;
  }

  get(name: string): Room | undefined {
    return this.#memberships.get(name)?.room;
  }

  join(name: string, since: Position | undefined): Promise<JoinedRoom> {
    const existing = this.#memberships.get(name);
    const { attached, joined } = existing?.room ?? {};
    if (attached && joined !== undefined) return Promise.resolve(joined);
    const membership = existing ?? this.#enter(name, since);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => this.#expire(name, membership, waiter),
        this.#settings.limits.join_deadline_ms,
      );
      const waiter = { timer, resolve, reject };
      membership.waiters.add(waiter);
    });
  }

  /** Forgets the room. @returns whether the server has to be told */
  leave(name: string, error: HubbubError): boolean {
    const room = this.get(name);
    if (room === undefined) return false;
    room.close();
    this.#remove(name, error, undefined);
    return this.#online;
  }

  /** The server has ended the membership. */
  expelled(name: string): void {
    const error = new HubbubError('forbidden', { room: name });
    this.get(name)?.close();
    this.#remove(name, error, error);
  }

  online(): void {
    this.#online = true;
    for (const { room } of this.#memberships.values()) room.online();
  }

  offline(): void {
    this.#online = false;
    for (const { room } of this.#memberships.values()) room.offline();
  }

  clear(error: HubbubError): void {
    for (const [name, { room }] of [...this.#memberships]) {
      room.close();
      this.#remove(name, error, error);
    }
  }

  #enter(name: string, since: Position | undefined): Membership {
    const waiters = new Set<Waiter>();
    const room = new Room(name, since, this.#settings, {
      message: (message) => this.#events.message(message),
      gap: (gap) => this.#events.gap(gap),
      joined: (joined) => {
        settle(waiters, (waiter) => waiter.resolve(joined));
        this.#events.joined(joined);
      },
      dropped: (error) => this.#remove(name, error, error),
      unanswered: () => this.#events.unanswered(),
    });
    const membership = { room, waiters };
    this.#memberships.set(name, membership);
    if (this.#online) room.online();
    return membership;
  }

  #remove(name: string, waitersError: HubbubError, error: HubbubError | undefined): void {
    const membership = this.#memberships.get(name);
    if (membership === undefined) return;
    this.#memberships.delete(name);
    settle(membership.waiters, (waiter) => waiter.reject(waitersError));
    this.#events.gone(name, error);
  }

  /** Nobody asked for a room any longer that was never joined: it is not kept either. */
  #expire(name: string, membership: Membership, waiter: Waiter): void {
    const { room, waiters } = membership;
    waiters.delete(waiter);
    waiter.reject(new HubbubError('deadline', { room: name }));
    if (waiters.size > 0 || room.joined !== undefined) return;
    room.close();
    const error = new HubbubError('deadline', { room: name });
    this.#remove(name, error, error);
    if (this.#online) this.#tellServer(name);
  }

  /** A join may be under way to the server: it must not end in a membership nobody wants. */
  #tellServer(name: string): void {
    this.#settings.requests.issue(
      { type: 'leave', room: name },
      {
        reply: () => undefined,
        fail: (error) => {
          if (error.code === 'deadline') this.#events.unanswered();
        },
      },
    );
  }
}

function settle(waiters: Set<Waiter>, how: (waiter: Waiter) => void): void {
  for (const waiter of waiters) {
    clearTimeout(waiter.timer);
    how(waiter);
  }
  waiters.clear();
}
