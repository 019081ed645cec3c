import type { HubLimits } from '../port.ts';
import { type Command, ROOMS } from './commands.ts';
import { HubFixture, type MakeHub, type Subscriber } from './fixture.ts';
import { expectMessages, typing } from './messages.ts';
import { RoomModel } from './model.ts';

/** What a subscriber should have seen: its room's items from one place to another. */
export interface Seat {
  readonly room: RoomModel;
  readonly subscriber: Subscriber;
  readonly start: number;
  /** Where it left; undefined while it is there. */
  end: number | undefined;
}

/** Does the same to a hub and to the model of each room. Subclasses hold one against the other. */
export abstract class ModelRun {
  protected readonly fixture: HubFixture;
  protected readonly seats: Seat[] = [];
  protected readonly rooms = new Map<string, RoomModel>();
  #generation = 0;
  #events = 0;

  constructor(make: MakeHub, limits: HubLimits) {
    this.fixture = new HubFixture(make, limits);
    for (const name of ROOMS) this.#open(name);
  }

  protected abstract fill(command: Extract<Command, { kind: 'fill' }>): void;
  protected abstract reopen(name: string): void;
  protected abstract look(command: Extract<Command, { kind: 'look' }>): void;
  protected abstract joined(subscriber: Subscriber, room: RoomModel, command: JoinCommand): void;

  protected room(name: string): RoomModel {
    const room = this.rooms.get(name);
    if (room === undefined) throw new Error(`no room ${name}`);
    return room;
  }

  step(command: Command): void {
    const { fixture } = this;
    switch (command.kind) {
      case 'append':
        this.#append(command);
        break;
      case 'broadcast':
        this.#broadcast(command.room);
        break;
      case 'join':
        this.#join(command);
        break;
      case 'leave':
        this.#leave(command.which);
        break;
      case 'flush':
        for (const room of this.rooms.values()) {
          if (room.due_ms <= fixture.now_ms) room.publish(fixture.now_ms);
        }
        fixture.flush();
        break;
      case 'wait':
        fixture.now_ms += command.elapsed_ms;
        break;
      case 'fill':
        this.fill(command);
        break;
      case 'reopen':
        this.reopen(command.room);
        break;
      case 'look':
        this.look(command);
        break;
    }
  }

  protected close(name: string): void {
    const room = this.room(name);
    this.fixture.close(room.handle);
    for (const seat of this.seats) if (seat.room === room) seat.end ??= room.published;
    this.#open(name);
  }

  #open(name: string): void {
    this.#generation += 1;
    const epoch = `e.${this.#generation}`;
    const handle = this.fixture.open(name, { epoch });
    this.rooms.set(name, new RoomModel(name, epoch, handle, this.fixture.limits));
  }

  #append({ room: name, records, held, again }: Extract<Command, { kind: 'append' }>): void {
    const room = this.room(name);
    for (const { hole, text } of records) room.commit(hole, text);
    const count = Math.max(0, room.log.length - room.delivered - held);
    this.fixture.hub.append(room.handle, room.deliver(count, again, this.fixture.now_ms));
  }

  #broadcast(name: string): void {
    const room = this.room(name);
    this.#events += 1;
    const event = typing(name, `üser ${this.#events}`);
    room.take(event, this.fixture.now_ms);
    this.fixture.hub.broadcast(room.handle, event);
  }

  #join(command: JoinCommand): void {
    const { user, encoding, since } = command;
    const room = this.room(command.room);
    const position =
      typeof since === 'number'
        ? { epoch: room.epoch, offset: Math.max(0, room.head - since) }
        : since === 'elsewhere'
          ? { epoch: 'e.0', offset: room.head }
          : undefined;
    const subscriber = this.fixture.join(room.handle, user, encoding, position);
    room.publish(this.fixture.now_ms);
    room.users.set(user, (room.users.get(user) ?? 0) + 1);
    this.seats.push({ room, subscriber, start: room.items.length, end: undefined });
    this.joined(subscriber, room, command);
    const expected =
      position === undefined ? { recovered: false, messages: [] } : room.recover(position);
    if (subscriber.recovery.recovered !== expected.recovered) throw new Error('recovered?');
    expectMessages(subscriber.recovery.messages, expected.messages);
  }

  #leave(which: number): void {
    const present = this.seats.filter(({ end }) => end === undefined);
    const seat = present[which % Math.max(1, present.length)];
    if (seat === undefined) return;
    const { room, subscriber } = seat;
    const { username } = subscriber.user;
    const departed = this.fixture.leave(subscriber);
    room.publish(this.fixture.now_ms);
    const connections = (room.users.get(username) ?? 0) - 1;
    if (connections > 0) room.users.set(username, connections);
    else room.users.delete(username);
    if (departed !== (connections === 0)) throw new Error('departed?');
    seat.end = room.items.length;
  }
}

export type JoinCommand = Extract<Command, { kind: 'join' }>;
