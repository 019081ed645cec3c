import type { Size } from './svg.ts';

/**
 * How the subject at `index` is drawn: a colour of a palette that colour-blind people can tell apart
 * (after Okabe and Ito, "Color Universal Design", 2008), and besides that a marker and a dash, so
 * that nobody has to rely on colour. Different for the first 35 subjects.
 */
export interface SeriesStyle {
  /** A variable of the style sheet: light and dark have values of their own. */
  readonly colour: string;
  readonly dash: 'solid' | [number, number];
  readonly symbol: (typeof SYMBOLS)[number];
}

export const COLOURS = 7;
/** A triangle that stands on its tip. */
const DOWN = 'path://M0 0h8l-4 7z';
const SYMBOLS = ['circle', 'rect', 'triangle', 'diamond', DOWN] as const;

export const styleOf = (index: number): SeriesStyle => ({
  colour: `var(--series-${index % COLOURS})`,
  dash: Math.floor(index / COLOURS) % 2 === 0 ? 'solid' : [5, 3],
  symbol: SYMBOLS[index % SYMBOLS.length] ?? 'circle',
});

const FONT_PX = { wide: 12, narrow: 11 } as const;

export const fontOf = ({ name }: Size): number => FONT_PX[name];

/** Axes, lines and letters in the colours of the page. */
export interface AxisText {
  readonly name: string;
  readonly min?: number;
  readonly max?: number;
  /** Where ticks, labels and lines stand; as the library chooses when not given. */
  readonly at?: readonly number[];
  readonly write?: (value: number) => string;
  readonly lines?: boolean;
}

/** A horizontal or vertical axis; its name stands at the end of it. */
export function axis({ name, min, max, at, write, lines = true }: AxisText, size: Size) {
  const fontSize = fontOf(size);
  const places = at === undefined ? {} : { customValues: [...at] };
  const labels = at === undefined ? {} : { customValues: labelled(at, size) };
  return {
    type: 'value' as const,
    name,
    nameTextStyle: { color: 'var(--muted)', fontSize },
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    splitNumber: size.name === 'wide' ? 6 : 4,
    axisLine: { show: false, onZero: false },
    axisTick: { show: false, ...places },
    axisLabel: {
      color: 'var(--muted)',
      fontSize,
      hideOverlap: true,
      ...labels,
      ...(write === undefined ? {} : { formatter: write }),
    },
    splitLine: { show: lines, lineStyle: { color: 'var(--rule)' }, ...places },
  };
}

/** Where room is scarce, powers of ten are enough. */
const labelled = (at: readonly number[], { name }: Size): number[] =>
  name === 'narrow' && at.length > LABELS_MAX
    ? at.filter((value) => Math.abs(value - Math.round(value)) < 1e-6)
    : [...at];

const LABELS_MAX = 9;

/** Room for labels: the name of the vertical axis stands above it, that of the horizontal below. */
export const grid = (size: Size) => ({
  left: size.name === 'wide' ? 64 : 50,
  right: size.name === 'wide' ? 28 : 22,
  top: 34,
  bottom: 46,
  outerBoundsMode: 'none' as const,
});

export const below = { nameLocation: 'middle' as const, nameGap: 28 };

/** Above the end of the vertical axis, to the right of where it stands. */
export const above = (size: Size) => ({
  nameLocation: 'end' as const,
  nameGap: 12,
  nameTextStyle: {
    color: 'var(--muted)',
    fontSize: fontOf(size),
    align: 'left' as const,
    padding: [0, 0, 0, size.name === 'wide' ? -56 : -44],
  },
});

/** Short enough for an axis: `1.5 M`, `20 k`, `0.5`. */
export function short(value: number): string {
  const size = Math.abs(value);
  const plain = (divided: number): string => String(Number(divided.toPrecision(3)));
  if (size >= 1e6) return `${plain(value / 1e6)} M`;
  if (size >= 1e3) return `${plain(value / 1e3)} k`;
  return plain(value);
}

/** 1, 2 and 5 times powers of ten, from the last at or below `low` to the first at or above `high`. */
export function steps(low: number, high: number): readonly number[] {
  const from = Math.floor(Math.log10(low));
  const decades = Math.ceil(Math.log10(high)) - from + 1;
  const all = Array.from({ length: decades }, (_, at) =>
    [1, 2, 5].map((n) => n * 10 ** (from + at)),
  );
  const flat = all.flat();
  const first = flat.findLastIndex((step) => step <= low * 1.000_001);
  const last = flat.findIndex((step) => step >= high * 0.999_999);
  return flat.slice(Math.max(0, first), last + 1);
}

/** A logarithmic axis over these values: its bounds, what stands at it, and where a value lies. */
export function logarithmic(values: readonly number[]): Omit<AxisText, 'name'> {
  const positive = values.filter((value) => value > 0);
  const places = steps(Math.min(...positive), Math.max(...positive));
  return {
    min: Math.log10(places[0] ?? 1),
    max: Math.log10(places.at(-1) ?? 10),
    at: places.map(Math.log10),
    write: (value) => short(Number((10 ** value).toPrecision(2))),
  };
}
