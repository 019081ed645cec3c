import fc from 'fast-check';
import { ENCODINGS, type Encoding } from '../../protocol/encoding.ts';

/** One thing that happens to a hub. */
export type Command =
  | {
      readonly kind: 'append';
      readonly room: string;
      /** A record each: the offsets left out before it, and what it says. */
      readonly records: readonly { readonly hole: number; readonly text: string }[];
      /** How many of them the log keeps back for the next time. */
      readonly held: number;
      /** How many old records come once more. */
      readonly again: number;
    }
  | { readonly kind: 'broadcast'; readonly room: string }
  | {
      readonly kind: 'join';
      readonly room: string;
      readonly user: string;
      readonly encoding: Encoding;
      /** How far behind the head, below 0 ahead of it; of an epoch that is gone; of nothing. */
      readonly since: number | 'elsewhere' | 'nothing';
    }
  | { readonly kind: 'leave'; readonly which: number }
  | { readonly kind: 'flush' }
  | { readonly kind: 'wait'; readonly elapsed_ms: number }
  | { readonly kind: 'fill'; readonly forgotten: number; readonly limit: number }
  | { readonly kind: 'reopen'; readonly room: string }
  | {
      readonly kind: 'look';
      readonly room: string;
      readonly before: number;
      readonly limit: number;
      readonly after: string;
    };

export const ROOMS = ['red', 'blue', 'tan'];

const room = fc.constantFrom(...ROOMS);
const user = fc.constantFrom('ann', 'bob', 'cem', 'dot');

const arbitraries: { readonly [K in Command['kind']]: fc.Arbitrary<Command> } = {
  append: fc.record({
    kind: fc.constant('append'),
    room,
    records: fc.array(
      fc.record({
        hole: fc.oneof(
          { weight: 4, arbitrary: fc.constant(0) },
          { weight: 1, arbitrary: fc.nat(9) },
        ),
        text: fc.string({ unit: 'grapheme', maxLength: 80, size: 'max' }),
      }),
      { minLength: 1, maxLength: 4 },
    ),
    held: fc.nat(2),
    again: fc.nat(3),
  }),
  broadcast: fc.record({ kind: fc.constant('broadcast'), room }),
  join: fc.record({
    kind: fc.constant('join'),
    room,
    user,
    encoding: fc.constantFrom(...ENCODINGS),
    since: fc.oneof(fc.integer({ min: -2, max: 12 }), fc.constantFrom('elsewhere', 'nothing')),
  }),
  leave: fc.record({ kind: fc.constant('leave'), which: fc.nat(20) }),
  flush: fc.record({ kind: fc.constant('flush') }),
  wait: fc.record({ kind: fc.constant('wait'), elapsed_ms: fc.constantFrom(0.5, 1, 2, 5, 9) }),
  fill: fc.record({
    kind: fc.constant('fill'),
    forgotten: fc.constantFrom(0, 0, 0, 1, 4),
    limit: fc.constantFrom(0, 1, 3, 1_000, 1_000),
  }),
  reopen: fc.record({ kind: fc.constant('reopen'), room }),
  look: fc.record({
    kind: fc.constant('look'),
    room,
    before: fc.integer({ min: 1, max: 60 }),
    limit: fc.integer({ min: 1, max: 10 }),
    after: user,
  }),
};

const weights: { readonly [K in Command['kind']]: number } = {
  append: 12,
  broadcast: 4,
  join: 5,
  leave: 3,
  flush: 6,
  wait: 6,
  fill: 4,
  look: 2,
  reopen: 1,
};

export const command: fc.Arbitrary<Command> = fc.oneof(
  ...Object.entries(arbitraries).map(([kind, arbitrary]) => ({
    weight: weights[kind as Command['kind']],
    arbitrary,
  })),
);
