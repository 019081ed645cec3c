import { atLeast, type Target } from '../report/target.ts';
import { BROADCAST, MSGPACKR, NATIVE, OBJECTS, SCRIPT } from './comparisons.ts';
import type { Compared, Measured } from './rounds.ts';
import { nameOf, SHAPES, type Shape, variantOf } from './spread/shape.ts';
import { PAIR_CASES } from './workers/pair.ts';

type Row = Readonly<Record<string, string>>;

/** Wanted of the native hub, as times the speed of the other side. */
const WANTED = { script: 1.5, objects: 2.5, msgpackr: 5, single: 1, broadcast: 2 } as const;
const BATCHED_FROM = 16;

const sideOf = ({ sides }: Compared, name: string): Measured | undefined =>
  sides.find(({ side }) => side === name);

const ratioTo = (compared: Compared | undefined, name: string): number =>
  (compared && sideOf(compared, name))?.ratio.median ?? Number.NaN;

const median = (measured: Measured): string => measured.p50_ns.median.toFixed(digits(measured));
const digits = ({ p50_ns }: Measured): number => (p50_ns.median < 10 ? 2 : 0);
const range = (measured: Measured): string =>
  `${measured.p50_ns.min.toFixed(digits(measured))}–${measured.p50_ns.max.toFixed(digits(measured))}`;

/** A column for each side, and who is faster in words. */
export const spreadingRows = (compared: readonly Compared[]): Row[] =>
  compared.map((one) => ({
    'ns/message, draft to frame (messages × rooms a turn)': one.name,
    ...Object.fromEntries(one.sides.map((side) => [side.side, `${median(side)} (${range(side)})`])),
    ...verdict(one),
  }));

/** A row for each side. */
export const sideRows = (compared: readonly Compared[]): Row[] =>
  compared.flatMap(({ name, sides }) =>
    sides.map((side) => ({
      [name]: side.side,
      ns: median(side),
      'min–max': range(side),
      '÷ first': side.ratio.median.toFixed(2),
      '': fastest(side, sides),
    })),
  );

/** Batches a second, and how long a message takes there and back. */
export const handingRows = (compared: readonly Compared[]): Row[] =>
  compared.flatMap((one) =>
    one.sides.map((side) => ({
      'from Worker to Worker': one.name,
      side: side.side,
      ...(one.name === PAIR_CASES.roundTrip
        ? {
            'p50 µs': (side.p50_ns.median / 1e3).toFixed(1),
            'p99 µs': (side.p99_ns.median / 1e3).toFixed(1),
          }
        : { 'batches/s': (1e9 / side.p50_ns.median).toFixed(0) }),
      '÷ first': side.ratio.median.toFixed(2),
      '': fastest(side, one.sides),
    })),
  );

const fastest = (side: Measured, sides: readonly Measured[]): string =>
  sides.every(({ ratio }) => ratio.median >= side.ratio.median) ? 'fastest' : '';

function verdict({ sides }: Compared): Row {
  const [first, ...others] = sides;
  const next = others.toSorted((a, b) => a.ratio.median - b.ratio.median)[0];
  if (first?.side !== NATIVE || next === undefined) return {};
  const times = next.ratio.median;
  return {
    'who is faster':
      times >= 1
        ? `native, ${times.toFixed(2)} × the fastest TypeScript`
        : `TypeScript wins: ${next.side}, ${(1 / times).toFixed(2)} × native`,
  };
}

export function targetsOf(spreading: readonly Compared[], handing: readonly Compared[]): Target[] {
  const variants = new Map(SHAPES.map((shape) => [variantOf(shape), shape]));
  const targets =
    spreading.length === 0
      ? []
      : [...variants.values()].flatMap((one) => {
          const shapes = SHAPES.filter((shape) => variantOf(shape) === variantOf(one));
          return variantTargets(variantOf(one), shapes, spreading);
        });
  const between =
    handing.length === 0
      ? []
      : [PAIR_CASES.single, PAIR_CASES.batch].map((name) => {
          const times = ratioTo(
            handing.find((compared) => compared.name === name),
            BROADCAST,
          );
          return atLeast(`two Workers, ${name}: × ${BROADCAST}`, WANTED.broadcast, times, '');
        });
  return [...targets, ...between];
}

/**
 * Times the native hub is as fast: batches as a geometric mean, single messages at their worst. The
 * script hub does all that the native one does; the objects do less, and are told apart.
 */
function variantTargets(
  variant: string,
  shapes: readonly Shape[],
  spreading: readonly Compared[],
): Target[] {
  const ratios = (isWanted: (shape: Shape) => boolean, side: string): number[] =>
    shapes.filter(isWanted).map((shape) =>
      ratioTo(
        spreading.find(({ name }) => name === nameOf(shape)),
        side,
      ),
    );
  const isBatched = ({ batch }: Shape): boolean => batch >= BATCHED_FROM;
  const isSingle = ({ batch }: Shape): boolean => batch === 1;
  const batched = (side: string, wanted: number): Target => {
    const times = geometricMean(ratios(isBatched, side));
    return atLeast(`${variant}, batched: × ${side}`, wanted, times, '');
  };
  const single = atLeast(
    `${variant}, single messages: × ${SCRIPT}`,
    WANTED.single,
    Math.min(...ratios(isSingle, SCRIPT)),
    '',
  );
  return shapes[0]?.encoding === 'msgpack'
    ? [batched(MSGPACKR, WANTED.msgpackr), single]
    : [batched(SCRIPT, WANTED.script), batched(OBJECTS, WANTED.objects), single];
}

export const geometricMean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
