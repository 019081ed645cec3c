import { expect } from 'bun:test';
import type { Command } from './commands.ts';
import { type Subscriber, userOf } from './fixture.ts';
import { expectMessages, sizeOf, wireOf } from './messages.ts';
import type { RoomModel } from './model.ts';
import { ModelRun } from './run.ts';

/** No room is ever overrun: all is seen, and when it leaves is known to the moment. */
export class ExactRun extends ModelRun {
  override step(command: Command): void {
    super.step(command);
    const due_ms = Math.min(...[...this.rooms.values()].map((room) => room.due_ms));
    // Nobody may wait longer than it is due, by either way a pump learns of it.
    expect(this.fixture.armed_ms).toBeLessThanOrEqual(Math.max(due_ms, this.fixture.now_ms));
    if (due_ms < Number.POSITIVE_INFINITY) {
      expect(this.fixture.hub.nextDue_ms()).toBeLessThanOrEqual(due_ms);
    }
    for (const { room, subscriber, start, end } of this.seats) {
      expect(subscriber.received.length).toBe((end ?? room.published) - start);
    }
  }

  finish(): void {
    const { fixture } = this;
    fixture.settle();
    for (const room of this.rooms.values()) room.publish(fixture.now_ms);
    for (const { room, subscriber, start, end } of this.seats) {
      expectMessages(subscriber.received, room.items.slice(start, end));
    }
    fixture.check();
    expect(fixture.hub.counters()).toMatchObject({ overruns: 0, records_lost: 0 });
    const history_bytes = [...this.rooms.values()].flatMap(sizesOf).reduce((a, b) => a + b, 0);
    expect(fixture.hub.counters().history_bytes).toBe(history_bytes);
  }

  protected override joined(
    { users, user_count, offset, epoch }: Subscriber,
    room: RoomModel,
  ): void {
    const all = [...room.users.keys()].map(userOf);
    expect(users).toEqual(all.slice(0, this.fixture.limits.joined_users_max));
    expect({ user_count, offset, epoch }).toEqual({
      user_count: all.length,
      offset: room.head,
      epoch: room.epoch,
    });
  }

  /** Nobody has asked: nothing happens. */
  protected override fill(): void {
    for (const { handle, log } of this.rooms.values()) this.fixture.hub.fill(handle, log);
  }

  protected override reopen(name: string): void {
    this.close(name);
  }

  protected override look(command: Extract<Command, { kind: 'look' }>): void {
    const { before, limit, after } = command;
    const { hub } = this.fixture;
    const room = this.room(command.room);
    const page = this.fixture.readHistory(room.handle, before, limit);
    expect(page).toEqual(room.page(before, limit));
    expect(hub.covers(room.handle, before)).toBe(before >= room.floor);
    const names = [...room.users.keys()];
    const rest = names.slice(names.indexOf(after) + 1);
    expect(hub.users(room.handle, limit, userOf(after).user_id)).toEqual({
      users: rest.slice(0, limit).map(userOf),
      user_count: names.length,
      more: rest.length > limit,
    });
  }
}

const sizesOf = (room: RoomModel): number[] =>
  room.history.map((record) => sizeOf(wireOf(room.name, record)));
