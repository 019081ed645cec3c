import { expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Joined, RoomMessage } from '../../server/protocol/messages.ts';
import { type RoomEvent, RoomState } from '../room_state.ts';

/** What can happen between a room and its member, in any order. */
type Step =
  | { readonly kind: 'publish'; readonly step: number }
  | { readonly kind: 'receive'; readonly fate: 'once' | 'twice' | 'lost' | 'again' }
  | { readonly kind: 'cut' }
  | { readonly kind: 'restart' }
  | { readonly kind: 'join'; readonly depth: number };

const steps = (losses: boolean, depth: fc.Arbitrary<number>): fc.Arbitrary<Step[]> => {
  const fates = losses ? (['once', 'twice', 'lost', 'again'] as const) : (['once'] as const);
  return fc.array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          kind: fc.constant('publish'),
          step: fc.integer({ min: 1, max: 3 }),
        }),
      },
      {
        weight: 6,
        arbitrary: fc.record({ kind: fc.constant('receive'), fate: fc.constantFrom(...fates) }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut') }) },
      { weight: losses ? 1 : 0, arbitrary: fc.record({ kind: fc.constant('restart') }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('join'), depth }) },
    ) as fc.Arbitrary<Step>,
    { maxLength: 120 },
  );
};

/** A room and one member of it, with what the member told its application. */
class Model {
  readonly state: RoomState;
  readonly told: {
    readonly epoch: string;
    readonly event: RoomEvent | { readonly kind: 'new epoch'; readonly from: number };
  }[] = [];
  readonly logs = new Map<string, RoomMessage[]>();
  start = 0;
  firstEpoch = '';
  #epoch = 0;
  #wire: RoomMessage[] = [];
  #member = false;
  #behind = false;
  #lostOne = false;

  constructor(held_max: number) {
    this.state = new RoomState('lobby', undefined, held_max);
    this.#newEpoch();
  }

  get epoch(): string {
    return `epoch-${this.#epoch}`;
  }

  get log(): RoomMessage[] {
    const log = this.logs.get(this.epoch);
    if (log === undefined) throw new Error('no log');
    return log;
  }

  run(step: Step): void {
    if (step.kind === 'publish') this.#publish(step.step);
    else if (step.kind === 'receive') this.#arrive(step.fate);
    else if (step.kind === 'join') this.join(step.depth);
    else if (step.kind === 'cut') this.#cut();
    else {
      this.#cut();
      this.#newEpoch();
    }
  }

  /** The room answers a join with everything it sent before ahead of it, as one connection does. */
  join(depth: number): void {
    if (this.#member && !this.#behind) return;
    while (this.#wire.length > 0) this.#arrive('once');
    const { position: since } = this.state;
    const missed = this.log.filter(({ offset }) => since !== undefined && offset > since.offset);
    const recovered = since?.epoch === this.epoch && missed.length <= depth;
    const remembered = depth === 0 ? [] : this.log.slice(-depth);
    const answer: Joined = {
      type: 'joined',
      room: 'lobby',
      epoch: this.epoch,
      offset: this.log.at(-1)?.offset ?? 0,
      users: [],
      user_count: 0,
      ...(since && { recovered, messages: recovered ? missed : remembered }),
    };
    const events = this.state.joined(answer);
    if (since === undefined) {
      this.start = answer.offset;
      this.firstEpoch = this.epoch;
    } else if (since.epoch !== this.epoch) {
      const from = (remembered[0]?.offset ?? answer.offset + 1) - 1;
      expect(events[0]).toMatchObject({
        kind: 'gap',
        gap: { reason: 'epoch_changed', after: since },
      });
      this.told.push({ epoch: this.epoch, event: { kind: 'new epoch', from } });
    } else {
      expect(events.some(({ kind }) => kind === 'gap')).toBe(!recovered);
    }
    expectNothingGivenUp(events, answer.messages ?? []);
    for (const event of events) this.told.push({ epoch: this.epoch, event });
    this.#member = true;
    this.#behind = false;
    this.#lostOne = false;
  }

  #newEpoch(): void {
    this.#epoch += 1;
    this.logs.set(this.epoch, []);
  }

  #cut(): void {
    this.#member = false;
    this.#behind = false;
    this.#wire = [];
    this.state.detach();
  }

  #publish(step: number): void {
    const prev = this.log.at(-1)?.offset ?? 0;
    const message: RoomMessage = {
      ...{ type: 'message', room: 'lobby', from: 'ada', from_id: 'u1', text: '', timestamp: 0 },
      offset: prev + step,
      ...(step > 1 && { prev }),
    };
    this.log.push(message);
    if (this.#member) this.#wire.push(message);
  }

  #arrive(fate: 'once' | 'twice' | 'lost' | 'again'): void {
    const message = this.#wire.shift();
    if (message === undefined) return;
    const earlier = this.log[Math.floor(this.log.length / 2)] ?? message;
    if (fate === 'lost') this.#lostOne = true;
    const copies = {
      once: [message],
      twice: [message, message],
      lost: [],
      again: [message, earlier],
    };
    for (const copy of copies[fate]) {
      // Something from further on is not a repetition.
      if (copy.offset > message.offset) continue;
      const reception = this.state.receive(copy);
      if (reception === 'gap') {
        // Repetitions are no reason to ask.
        expect(this.#lostOne).toBe(true);
        this.#behind = true;
      }
      if (reception === 'deliver') {
        this.told.push({ epoch: this.epoch, event: { kind: 'message', message: copy } });
      }
    }
  }
}

/** What an answer brings is not reported missing. */
function expectNothingGivenUp(events: readonly RoomEvent[], brought: readonly RoomMessage[]): void {
  for (const event of events) {
    if (event.kind !== 'gap' || event.gap.lost === undefined) continue;
    const { first, last } = event.gap.lost;
    expect(brought.filter(({ offset }) => offset >= first && offset <= last)).toEqual([]);
  }
}

/** Every record from the first join on was told in order, or lies in a gap told before what follows. */
function checkNothingSilent(model: Model): void {
  let epoch = model.firstEpoch;
  let reached = model.start;
  const account = (through: number, excused: boolean): void => {
    const between = (model.logs.get(epoch) ?? []).filter(
      ({ offset }) => offset > reached && offset <= through,
    );
    if (excused) expect(between.length).toBeGreaterThan(0);
    else expect(between).toEqual([]);
    reached = through;
  };
  for (const { epoch: toldIn, event } of model.told) {
    if (event.kind === 'new epoch') {
      epoch = toldIn;
      reached = event.from;
    } else if (event.kind === 'message') {
      expect(toldIn).toBe(epoch);
      expect(event.message.offset).toBeGreaterThan(reached);
      account(event.message.offset - 1, false);
      reached = event.message.offset;
    } else if (event.gap.lost !== undefined) {
      expect(event.gap.lost.first).toBe(reached + 1);
      account(event.gap.lost.last, true);
    }
  }
  account(Number.POSITIVE_INFINITY, false);
}

const depths = fc.oneof(fc.nat(8), fc.constant(1_000));

test('any schedule: each record once and in order, or a gap that says which are missing', () => {
  fc.assert(
    fc.property(
      steps(true, depths),
      fc.integer({ min: 1, max: 5 }),
      depths,
      (all, held_max, depth) => {
        const model = new Model(held_max);
        model.join(0);
        for (const step of all) model.run(step);
        model.run({ kind: 'cut' });
        model.join(depth);
        checkNothingSilent(model);
      },
    ),
    { numRuns: 2_000 },
  );
});

test('while every recovery is proven there is never a gap', () => {
  fc.assert(
    fc.property(steps(false, fc.constant(1_000)), (all) => {
      const model = new Model(1_000);
      model.join(0);
      for (const step of all) model.run(step);
      model.run({ kind: 'cut' });
      model.join(1_000);
      checkNothingSilent(model);
      expect(model.told.filter(({ event }) => event.kind === 'gap')).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

const message = (offset: number, prev?: number): RoomMessage => ({
  ...{ type: 'message', room: 'lobby', from: 'ada', from_id: 'u1', text: '', timestamp: 0 },
  offset,
  ...(prev !== undefined && { prev }),
});

const joined = (epoch: string, offset: number, more: Partial<Joined> = {}): Joined => ({
  ...{ type: 'joined', room: 'lobby', epoch, offset, users: [], user_count: 0 },
  ...more,
});

test('a server that calls a broken replay recovered is not believed', () => {
  const state = new RoomState('lobby', { epoch: 'a', offset: 3 }, 10);
  const events = state.joined(joined('a', 6, { recovered: true, messages: [message(6)] }));
  expect(events.map((event) => event.kind)).toEqual(['gap', 'message']);
  expect(events[0]).toMatchObject({ gap: { reason: 'lost', lost: { first: 4, last: 5 } } });
});

test('a refusal where nothing is known to be missing is told as such', () => {
  const state = new RoomState('lobby', { epoch: 'a', offset: 3 }, 10);
  const events = state.joined(joined('a', 3, { recovered: false, messages: [message(3)] }));
  expect(events).toMatchObject([{ kind: 'gap', gap: { reason: 'not_proven', epoch: 'a' } }]);
});

test('a node that is behind the client repeats nothing', () => {
  const state = new RoomState('lobby', { epoch: 'a', offset: 5 }, 10);
  expect(state.joined(joined('a', 3, { recovered: true, messages: [] }))).toEqual([]);
  expect([4, 5, 6].map((offset) => state.receive(message(offset)))).toEqual([
    'drop',
    'drop',
    'deliver',
  ]);
});

test('before the answer to a join, live records of a new connection mean nothing', () => {
  const state = new RoomState('lobby', { epoch: 'a', offset: 1 }, 10);
  state.joined(joined('a', 1, { recovered: true, messages: [] }));
  state.detach();
  expect(state.receive(message(2))).toBe('drop');
  expect(state.position).toEqual({ epoch: 'a', offset: 1 });
});

test('what is held while a gap is asked about fills what the answer no longer has', () => {
  const state = new RoomState('lobby', { epoch: 'a', offset: 1 }, 10);
  state.joined(joined('a', 1, { recovered: true, messages: [] }));
  expect([3, 4, 5].map((offset) => state.receive(message(offset)))).toEqual([
    'gap',
    'drop',
    'drop',
  ]);
  const events = state.joined(joined('a', 5, { recovered: false, messages: [message(5)] }));
  expect(
    events.map((event) => (event.kind === 'gap' ? event.gap.lost : event.message.offset)),
  ).toEqual([{ first: 2, last: 2 }, 3, 4, 5]);
});
