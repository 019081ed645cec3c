import { type AxisText, above, axis, below, grid, styleOf } from './style.ts';
import type { Plot, Size } from './svg.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
  /** `none` has no marker, `hollow` one that is not filled. */
  readonly marker: 'none' | 'filled' | 'hollow';
}

export interface Line {
  /** Place of the subject in the document: its colour, dash and marker. */
  readonly index: number;
  readonly points: readonly Point[];
}

export interface LinePlot extends Omit<Plot, 'draw'> {
  readonly lines: readonly Line[];
  readonly x: AxisText;
  readonly y: AxisText;
  /** A thin line for comparison, such as "all that was offered". */
  readonly reference?: readonly (readonly [number, number])[];
}

/** Lines of several subjects over one another. */
export function linePlot({ lines, x, y, reference, ...plot }: LinePlot): Plot {
  const referenceLine = {
    type: 'line' as const,
    silent: true,
    symbol: 'none',
    lineStyle: { color: 'var(--muted)', width: 1, type: [2, 3] },
    data: reference?.map((point) => [...point]) ?? [],
  };
  return {
    ...plot,
    draw: (size) => ({
      grid: grid(size),
      xAxis: { ...axis(x, size), ...below },
      yAxis: { ...axis(y, size), ...above(size) },
      series: [
        ...(reference === undefined ? [] : [referenceLine]),
        ...lines.map((line) => series(line, size)),
      ],
    }),
  };
}

function series({ index, points }: Line, size: Size) {
  const { colour, dash, symbol } = styleOf(index);
  const symbolSize = size.name === 'wide' ? 8 : 7;
  return {
    type: 'line' as const,
    silent: true,
    showAllSymbol: true,
    symbol,
    symbolSize,
    itemStyle: { color: colour },
    lineStyle: { color: colour, width: 2, type: dash },
    data: points.map(({ x, y, marker }) => ({
      value: [x, y],
      ...(marker === 'none' ? { symbol: 'none' } : {}),
      ...(marker === 'hollow'
        ? { itemStyle: { color: 'var(--paper)', borderColor: colour, borderWidth: 2 } }
        : {}),
    })),
  };
}
