import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { Outbox, type OutboxEntry } from '../outbox.ts';

const ROOMS = ['a', 'b', 'c'] as const;

type Step =
  | { readonly kind: 'add'; readonly room: string; readonly bytes: number }
  | { readonly kind: 'send' }
  | { readonly kind: 'acknowledge'; readonly pick: number }
  | { readonly kind: 'expire'; readonly pick: number }
  | { readonly kind: 'refuse'; readonly pick: number; readonly wait: number }
  | { readonly kind: 'cut' }
  | { readonly kind: 'pass' };

const steps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('add'),
        room: fc.constantFrom(...ROOMS),
        bytes: fc.nat(40),
      }),
    },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('send') }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('acknowledge'), pick: fc.nat() }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('refuse'), pick: fc.nat(), wait: fc.nat(5) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('expire'), pick: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('cut', 'pass') }) },
  ) as fc.Arbitrary<Step>,
  { maxLength: 200 },
);

const limits = fc.record({
  outbox_messages_max: fc.integer({ min: 1, max: 20 }),
  outbox_bytes_max: fc.integer({ min: 1, max: 400 }),
  in_flight_max: fc.integer({ min: 1, max: 6 }),
});

/** An outbox, and a room's side that knows what was sent on this connection and not answered. */
class Model {
  readonly outbox: Outbox<OutboxEntry>;
  readonly live = new Map<string, OutboxEntry>();
  readonly serials = new Map<string, number>();
  readonly unanswered: string[] = [];
  /** What each room saw on the connection of now. */
  wire: OutboxEntry[] = [];
  now = 0;
  #count = 0;

  constructor(limit: {
    outbox_messages_max: number;
    outbox_bytes_max: number;
    in_flight_max: number;
  }) {
    this.outbox = new Outbox(limit);
  }

  add(room: string, bytes: number): boolean {
    this.#count += 1;
    const entry = { id: `id-${this.#count}`, room, text: '', bytes };
    if (!this.outbox.add(entry)) return false;
    this.live.set(entry.id, entry);
    this.serials.set(entry.id, this.#count);
    return true;
  }

  send(): OutboxEntry | undefined {
    const entry = this.outbox.next(this.now, () => true);
    if (entry !== undefined) {
      this.#expectNothingOvertaken(entry);
      this.unanswered.push(entry.id);
      this.wire.push(entry);
    }
    return entry;
  }

  /** Whatever was given to the same room before is settled or on its way. */
  #expectNothingOvertaken(entry: OutboxEntry): void {
    for (const [id, { room }] of this.live) {
      if (id === entry.id) break;
      if (room === entry.room) expect(this.unanswered).toContain(id);
    }
  }

  take(pick: number): string | undefined {
    return this.unanswered.splice(pick % Math.max(1, this.unanswered.length), 1)[0];
  }

  remove(id: string): void {
    expect(this.outbox.remove(id)).toBe(this.live.get(id));
    this.live.delete(id);
    const at = this.unanswered.indexOf(id);
    if (at >= 0) this.unanswered.splice(at, 1);
  }

  cut(): void {
    const inFlight = this.outbox.disconnected().map(({ id }) => id);
    expect(inFlight.sort()).toEqual([...this.unanswered].sort());
    this.unanswered.length = 0;
    this.wire = [];
  }

  run(step: Step): void {
    if (step.kind === 'add') this.add(step.room, step.bytes);
    else if (step.kind === 'send') this.send();
    else if (step.kind === 'cut') this.cut();
    else if (step.kind === 'pass') this.now += 10;
    else if (step.kind === 'expire') {
      const id = [...this.live.keys()][step.pick % Math.max(1, this.live.size)];
      if (id !== undefined) this.remove(id);
    } else {
      const id = this.take(step.pick);
      if (id === undefined) return;
      if (step.kind === 'acknowledge') this.remove(id);
      else expect(this.outbox.refuse(id, this.now + step.wait)?.id).toBe(id);
    }
  }
}

test('bounds hold, nothing is lost or overtaken, nothing comes back after it is settled', () => {
  fc.assert(
    fc.property(limits, steps, (limit, all) => {
      const model = new Model(limit);
      for (const step of all) {
        model.run(step);
        const live = [...model.live.values()];
        expect(model.outbox.size).toBe(live.length);
        expect(model.outbox.size).toBeLessThanOrEqual(limit.outbox_messages_max);
        expect(model.outbox.bytes).toBe(live.reduce((sum, { bytes }) => sum + bytes, 0));
        expect(model.outbox.bytes).toBeLessThanOrEqual(limit.outbox_bytes_max);
        for (const room of ROOMS) {
          const flight = model.unanswered.filter((id) => model.live.get(id)?.room === room);
          expect(flight.length).toBeLessThanOrEqual(limit.in_flight_max);
        }
        for (const id of model.live.keys()) {
          expect(model.outbox.isInFlight(id)).toBe(model.unanswered.includes(id));
        }
      }
      // From any state, a connection that answers empties it.
      model.now += 1_000;
      const sent = new Set<string>();
      while (model.outbox.size > 0) {
        const entry = model.send();
        if (entry !== undefined) sent.add(entry.id);
        const id = entry === undefined ? model.take(0) : undefined;
        if (id !== undefined) model.remove(id);
        else if (entry === undefined) throw new Error('stuck');
      }
      expect(model.live.size).toBe(0);
    }),
    { numRuns: 1_000 },
  );
});

test('after a cut a room sees its unanswered messages in the order they were first given', () => {
  fc.assert(
    fc.property(limits, steps, (limit, all) => {
      const model = new Model(limit);
      for (const step of all) model.run(step);
      model.cut();
      model.now += 1_000;
      while (model.outbox.size > 0) {
        const entry = model.send();
        const id = entry === undefined ? model.take(0) : undefined;
        if (id !== undefined) model.remove(id);
      }
      for (const room of ROOMS) {
        const order = model.wire
          .filter((entry) => entry.room === room)
          .map(({ id }) => model.serials.get(id) ?? 0);
        expect(order).toEqual([...order].sort((a, b) => a - b));
      }
    }),
    { numRuns: 1_000 },
  );
});

test('with one in flight, refusals do not change the order either', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const model = new Model({
        outbox_messages_max: 50,
        outbox_bytes_max: 5_000,
        in_flight_max: 1,
      });
      const accepted: number[] = [];
      for (const step of all) {
        if (step.kind === 'add') model.add('a', step.bytes);
        else if (step.kind === 'acknowledge') {
          const id = model.take(step.pick);
          if (id === undefined) continue;
          accepted.push(model.serials.get(id) ?? 0);
          model.remove(id);
        } else model.run(step);
      }
      expect(accepted).toEqual([...accepted].sort((a, b) => a - b));
    }),
    { numRuns: 500 },
  );
});

test('rooms take turns, and a paused one holds up nobody', () => {
  const outbox = new Outbox<OutboxEntry>({
    outbox_messages_max: 10,
    outbox_bytes_max: 100,
    in_flight_max: 3,
  });
  for (const id of ['a1', 'a2', 'b1', 'b2']) {
    outbox.add({ id, room: id.slice(0, 1), text: '', bytes: 1 });
  }
  const next = (now: number): string | undefined => outbox.next(now, () => true)?.id;
  expect([next(0), next(0)]).toEqual(['a1', 'b1']);
  outbox.refuse('a1', 50);
  expect([next(0), next(0)]).toEqual(['b2', undefined]);
  expect(outbox.wait_ms(20, () => true)).toBe(30);
  expect(outbox.wait_ms(20, (room) => room !== 'a')).toBeUndefined();
  expect([next(50), next(50)]).toEqual(['a1', 'a2']);
});
