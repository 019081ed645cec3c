import fc from 'fast-check';
import { ENCODINGS, type Encoding } from '../../protocol/encoding.ts';
import type { User, VolatileEvent } from '../../protocol/messages.ts';

/** A record before it has its place. */
export interface Draw {
  readonly from: string;
  readonly from_id: string;
  readonly text: string;
  readonly id: string | undefined;
  /** How many offsets are left out before it. */
  readonly hole: number;
  /** The record it says it comes after: the one before it, none at all, or one nobody has seen. */
  readonly claim: 'chain' | 'nothing' | 'neighbour';
  /** Milliseconds before now, below 0 after it. */
  readonly age_ms: number;
}

/** A place in a room's order: the offset of one of its records, and a little beside it. */
export interface Place {
  readonly which: number;
  readonly beside: number;
}

/** One thing that happens to both hubs. */
export type Step =
  | {
      readonly kind: 'append';
      readonly room: string;
      readonly draws: readonly Draw[];
      /** How many of them the hubs are never given, how many only the next time. */
      readonly skipped: number;
      readonly held: number;
      /** How many old records come once more. */
      readonly again: number;
    }
  | { readonly kind: 'broadcast'; readonly event: VolatileEvent }
  | {
      readonly kind: 'join';
      readonly room: string;
      readonly user: User;
      readonly encoding: Encoding;
      readonly since: Place | 'elsewhere' | 'nothing';
    }
  | { readonly kind: 'leave'; readonly which: number }
  | {
      readonly kind: 'users';
      readonly room: string;
      readonly limit: number;
      readonly after: string | undefined;
    }
  | {
      readonly kind: 'history';
      readonly room: string;
      readonly encoding: Encoding;
      readonly before: Place;
      readonly limit: number;
    }
  | { readonly kind: 'isPresent'; readonly room: string; readonly user_id: string }
  | { readonly kind: 'covers'; readonly room: string; readonly place: Place }
  | {
      readonly kind: 'encodePage';
      readonly room: string;
      readonly encoding: Encoding;
      readonly draws: readonly Draw[];
    }
  | { readonly kind: 'fill'; readonly forgotten: number; readonly limit: number }
  | { readonly kind: 'reopen'; readonly room: string; readonly tail: readonly Draw[] }
  | { readonly kind: 'wait'; readonly elapsed_ms: number }
  | { readonly kind: 'flush' | 'count' };

/** Names that need escaping, more than one byte, or nothing at all. */
export const ROOMS = ['red', 'blå "1"\n', '愛\u0000💙'];

const USERS: readonly User[] = [
  { user_id: 'ann', username: 'Ann' },
  { user_id: 'bob', username: 'Bob "the \\ builder"' },
  { user_id: '', username: '' },
  { user_id: 'ç\u007f', username: 'Çem\t\u2028' },
  { user_id: '💙', username: '💙'.repeat(100) },
];

const room = fc.constantFrom(...ROOMS);
const user = fc.constantFrom(...USERS);
const encoding = fc.constantFrom(...ENCODINGS);

/** Whole characters only: the protocol turns halves of a surrogate pair away. */
const short = fc.string({ unit: 'binary', maxLength: 12 });
const control = fc.string({ unit: fc.nat(0x7f).map((code) => String.fromCharCode(code)) });
const long = fc
  .tuple(
    fc.constantFrom('a', '"', '\u0001', 'ß', '愛', '💙'),
    fc.oneof(fc.nat(3_000), fc.constantFrom(255, 256, 8_192, 65_535, 65_536)),
  )
  .map(([piece, times]) => piece.repeat(times));

export const text = fc.oneof(
  { weight: 8, arbitrary: fc.string({ unit: 'grapheme', maxLength: 80, size: 'max' }) },
  { weight: 4, arbitrary: fc.string({ unit: 'binary', maxLength: 80, size: 'max' }) },
  { weight: 2, arbitrary: control },
  { weight: 1, arbitrary: long },
);

const draw: fc.Arbitrary<Draw> = fc.record({
  from: short,
  from_id: short,
  text,
  id: fc.option(short, { nil: undefined }),
  hole: fc.oneof(
    { weight: 12, arbitrary: fc.constant(0) },
    { weight: 3, arbitrary: fc.nat(300) },
    { weight: 1, arbitrary: fc.constantFrom(2 ** 16, 2 ** 31, 2 ** 32, 2 ** 48) },
    { weight: 1, arbitrary: fc.maxSafeNat() },
  ),
  claim: fc.oneof(
    { weight: 20, arbitrary: fc.constant('chain' as const) },
    { weight: 1, arbitrary: fc.constantFrom('nothing' as const, 'neighbour' as const) },
  ),
  age_ms: fc.oneof(fc.integer({ min: -40, max: 120 }), fc.maxSafeInteger()),
});

const place: fc.Arbitrary<Place> = fc.record({
  which: fc.nat(60),
  beside: fc.oneof(fc.integer({ min: -2, max: 2 }), fc.constant(2 ** 53)),
});

const event: fc.Arbitrary<VolatileEvent> = fc.oneof(
  fc.record({
    type: fc.constant('typing' as const),
    room,
    user: short,
    user_id: short,
    status: fc.constantFrom('started' as const, 'stopped' as const),
  }),
  fc.record({
    type: fc.constant('presence' as const),
    room,
    joined: fc.array(user, { maxLength: 20 }),
    left: fc.array(user, { maxLength: 2 }),
    count: fc.oneof(fc.nat(300), fc.maxSafeNat()),
  }),
);

const draws = (minLength: number, maxLength: number) => fc.array(draw, { minLength, maxLength });

const arbitraries: { readonly [K in Step['kind']]: readonly [number, fc.Arbitrary<Step>] } = {
  append: [
    12,
    fc.record({
      kind: fc.constant('append'),
      room,
      draws: draws(1, 4),
      skipped: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, fc.nat(2)),
      held: fc.nat(2),
      again: fc.nat(3),
    }),
  ],
  broadcast: [4, fc.record({ kind: fc.constant('broadcast'), event })],
  join: [
    5,
    fc.record({
      kind: fc.constant('join'),
      room,
      user,
      encoding,
      since: fc.oneof(place, fc.constantFrom('elsewhere' as const, 'nothing' as const)),
    }),
  ],
  leave: [3, fc.record({ kind: fc.constant('leave'), which: fc.nat(20) })],
  users: [
    1,
    fc.record({
      kind: fc.constant('users'),
      room,
      limit: fc.integer({ min: 1, max: 6 }),
      after: fc.constantFrom(undefined, 'nobody', ...USERS.map((one) => one.user_id)),
    }),
  ],
  history: [
    3,
    fc.record({
      kind: fc.constant('history'),
      room,
      encoding,
      before: place,
      limit: fc.constantFrom(1, 2, 5, 100),
    }),
  ],
  isPresent: [
    1,
    fc.record({
      kind: fc.constant('isPresent'),
      room,
      user_id: fc.constantFrom('nobody', ...USERS.map((one) => one.user_id)),
    }),
  ],
  covers: [1, fc.record({ kind: fc.constant('covers'), room, place })],
  encodePage: [
    2,
    fc.record({ kind: fc.constant('encodePage'), room, encoding, draws: draws(0, 3) }),
  ],
  fill: [
    4,
    fc.record({
      kind: fc.constant('fill'),
      forgotten: fc.constantFrom(0, 0, 0, 1, 4),
      limit: fc.constantFrom(0, 1, 3, 1_000, 1_000),
    }),
  ],
  reopen: [1, fc.record({ kind: fc.constant('reopen'), room, tail: draws(0, 4) })],
  wait: [
    6,
    fc.record({
      kind: fc.constant('wait'),
      elapsed_ms: fc.constantFrom(0.5, 1, 2, 5, 9, 40),
    }),
  ],
  flush: [6, fc.record({ kind: fc.constant('flush') })],
  count: [1, fc.record({ kind: fc.constant('count') })],
};

const step: fc.Arbitrary<Step> = fc.oneof(
  ...Object.values(arbitraries).map(([weight, arbitrary]) => ({ weight, arbitrary })),
);

export const schedule = fc.array(step, { maxLength: 120, size: 'max' });
