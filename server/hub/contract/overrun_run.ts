import { expect } from 'bun:test';
import type { Command } from './commands.ts';
import type { Subscriber } from './fixture.ts';
import type { RoomModel } from './model.ts';
import { ModelRun, type Seat } from './run.ts';

/** Rooms are overrun all the time, and the log answers late, in part, or not at all. */
export class OverrunRun extends ModelRun {
  #answered = 0;

  finish(): void {
    const { fixture } = this;
    for (let rounds = 0; this.#answered < fixture.overruns.length || rounds === 0; rounds += 1) {
      fixture.settle();
      this.fill({ kind: 'fill', forgotten: 0, limit: 1_000 });
    }
    fixture.settle();
    fixture.check();
    const lost = new Map([...this.rooms.values()].map((room) => [room, this.#lostOf(room)]));
    for (const seat of this.seats) checkSeat(seat, lost.get(seat.room) ?? new Set());
    const total = [...lost.values()].reduce((sum, { size }) => sum + size, 0);
    const { records_lost, overruns } = fixture.hub.counters();
    expect(records_lost).toBe(total);
    const { history_records_max, history_bytes_max } = fixture.limits;
    const historyHasAll = history_records_max >= 1_000 && history_bytes_max >= 1_000_000;
    if (overruns === 0 || historyHasAll) expect(total).toBe(0);
  }

  /** The oldest question gets the next answer, whatever has happened to the room since. */
  protected override fill({ forgotten, limit }: Extract<Command, { kind: 'fill' }>): void {
    const question = this.fixture.overruns[this.#answered];
    if (question === undefined) return;
    this.#answered += 1;
    const { room: handle, after } = question;
    const room = [...this.rooms.values()].find((one) => one.handle === handle);
    const records = room?.log.filter(({ offset }) => offset > after) ?? [];
    this.fixture.hub.fill(handle, records.slice(forgotten, forgotten + limit));
  }

  protected override joined({ offset }: Subscriber, room: RoomModel): void {
    expect(offset).toBe(room.head);
  }

  /** What a room had pending when it closed is nobody's loss: not here. */
  protected override reopen(): void {}

  protected override look(): void {
    for (const { now_ms, armed_ms, hub } of [this.fixture]) {
      const next_ms = hub.nextDue_ms() ?? Number.POSITIVE_INFINITY;
      expect(armed_ms).toBeLessThanOrEqual(Math.max(next_ms, now_ms));
    }
  }

  /** Records that were published to nobody, though somebody was there. */
  #lostOf(room: RoomModel): ReadonlySet<number> {
    const lost = new Set(room.owed);
    for (const row of this.fixture.rows) {
      if (row.room !== room.handle) continue;
      for (const { offset } of row.messages) if (typeof offset === 'number') lost.delete(offset);
    }
    return lost;
  }
}

/** Everything between join and leave, in order, none twice, none missing but what all have lost. */
function checkSeat({ room, subscriber, start, end }: Seat, lost: ReadonlySet<number>): void {
  const items = room.items.slice(start, end).map((item) => JSON.stringify(item));
  const places = subscriber.received.map((message) => items.indexOf(JSON.stringify(message)));
  expect(places).not.toContain(-1);
  expect(places).toEqual([...new Set(places)].toSorted((a, b) => a - b));
  const seen = new Set(places);
  const missing = room.items
    .slice(start, end)
    .filter(({ offset }, place) => !seen.has(place) && typeof offset === 'number');
  expect(missing.filter(({ offset }) => !lost.has(offset as number))).toEqual([]);
}
