import { COUNTERS } from './functions/counters.ts';
import { ENCODERS } from './functions/encoding.ts';
import { nameOf, SHAPES, type Shape } from './spread/shape.ts';
import type { SuiteName } from './suites.ts';
import { PAIR_CASES } from './workers/pair.ts';

/** One way of doing what a comparison compares. */
export interface Contender {
  /** What people call it. */
  readonly side: string;
  readonly suite: SuiteName;
  readonly case: string;
}

/** Sides that take turns. The first one is what the others are held against. */
export interface Comparison {
  readonly name: string;
  readonly contenders: readonly Contender[];
}

export const NATIVE = 'native';
export const SCRIPT = 'TypeScript';
export const OBJECTS = 'objects + JSON.stringify';
export const MSGPACKR = 'objects + msgpackr';
export const BROADCAST = 'BroadcastChannel';

/** What one message costs between draft and frame. */
export const spreadingOf = (shape: Shape): Comparison => ({
  name: nameOf(shape),
  contenders: [
    { side: NATIVE, suite: 'native', case: nameOf(shape) },
    { side: SCRIPT, suite: 'script', case: nameOf(shape) },
    {
      side: shape.encoding === 'msgpack' ? MSGPACKR : OBJECTS,
      suite: 'plain',
      case: nameOf(shape),
    },
  ],
});

const encodingOf = (name: string, cases: Readonly<Record<string, string>>): Comparison => ({
  name,
  contenders: Object.values(cases).map((one) => ({ side: one, suite: 'encoders', case: one })),
});

/** What one record costs by itself, without order, memory or rooms. */
export const encoding: readonly Comparison[] = [
  encodingOf('a record as JSON', ENCODERS.json),
  encodingOf('a record as MessagePack', ENCODERS.messagepack),
];

export const counting: readonly Comparison[] = [
  {
    name: 'one more',
    contenders: Object.values(COUNTERS).map((one) => ({
      side: one,
      suite: 'counters',
      case: one,
    })),
  },
];

/** What a batch costs on its way from one Worker to another. */
export const handing: readonly Comparison[] = Object.values(PAIR_CASES).map((name) => ({
  name,
  contenders: [
    // An answer within the window waits for its end: a round trip would measure the window.
    ...(name === PAIR_CASES.roundTrip
      ? []
      : [{ side: 'native hub', suite: 'workers: hub' as const, case: name }]),
    { side: 'native hub, no window', suite: 'workers: hub without window', case: name },
    { side: BROADCAST, suite: 'workers: broadcast', case: name },
    { side: 'SharedArrayBuffer ring', suite: 'workers: ring', case: name },
  ],
}));

export const spreading: readonly Comparison[] = SHAPES.map(spreadingOf);

/** Whether a contender is, or needs, the addon. */
export const needsAddon = ({ suite, side }: Contender): boolean =>
  suite === 'native' || side.includes('native');
