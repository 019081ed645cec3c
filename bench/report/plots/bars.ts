import type { CustomSeriesRenderItem } from 'echarts/types/dist/echarts';
import type { Bounded, Entry } from '../comparison.ts';
import { METRICS, type MetricName } from '../metrics.ts';
import { figureCell } from '../tables.ts';
import { titleOf } from '../words.ts';
import { axis, below, fontOf, short } from './style.ts';
import type { Plot, Size } from './svg.ts';

interface Bar {
  readonly entry: Entry;
  readonly bounded: Bounded;
}

/** From bar to bar; on a phone names stand above their bars. */
const ROW_PX = { wide: 24, narrow: 40 } as const;
const BAR_PX = 13;
const CAP_PX = 4;

/** One figure of every subject, the best first, with the interval of 95 %. */
export function barPlot(
  id: string,
  name: MetricName,
  entries: readonly Entry[],
  baseline: Entry | undefined,
): Plot | undefined {
  const bars = entries
    .flatMap((entry): Bar[] => {
      const bounded = entry.bounded(name);
      return bounded === undefined ? [] : [{ entry, bounded }];
    })
    .toSorted((a, b) => (a.bounded.value - b.bounded.value) * (isMoreBetter(name) ? -1 : 1));
  if (bars.length === 0) return undefined;
  const colour = ({ entry }: Bar): string => {
    if (entry.subject.profile === 'hubbub') return 'var(--accent)';
    return entry === baseline ? 'var(--baseline)' : 'var(--bar)';
  };
  const texts = bars.map(({ entry }) => figureCell(entry, name));
  return {
    id,
    title: `${titleOf(name)} (${isMoreBetter(name) ? 'more' : 'less'} is better)`,
    description: bars.map(({ entry }, at) => `${entry.subject.name}: ${texts[at]}.`).join(' '),
    height: { wide: 48 + bars.length * ROW_PX.wide, narrow: 48 + bars.length * ROW_PX.narrow },
    draw: (size) => ({
      grid: room(size, bars),
      xAxis: { ...axis({ name: '', min: 0, write: short }, size), ...below },
      yAxis: categories(size, bars),
      series: [
        {
          type: 'bar',
          silent: true,
          barWidth: BAR_PX,
          data: bars.map((bar) => ({
            value: bar.bounded.value,
            itemStyle: { color: colour(bar) },
          })),
        },
        {
          type: 'custom',
          silent: true,
          encode: { x: [1, 2], y: 0 },
          z: 3,
          renderItem: whisker(texts, bars, size),
          data: bars.map(({ bounded }, at) => [at, bounded.low, bounded.high]),
        },
      ],
    }),
  };
}

const isMoreBetter = (name: MetricName): boolean => METRICS[name].better === 'more';

/** Letters have about this share of their size as width. */
const LETTER = 0.56;

function room(size: Size, bars: readonly Bar[]) {
  const longest = Math.max(...bars.map(({ entry }) => entry.subject.name.length));
  const wanted = longest * fontOf(size) * LETTER + 14;
  return {
    left: size.name === 'wide' ? Math.min(wanted, size.width * 0.4) : 6,
    right: size.name === 'wide' ? 96 : 72,
    top: 8,
    bottom: 32,
    outerBoundsMode: 'none' as const,
  };
}

const categories = (size: Size, bars: readonly Bar[]) => ({
  type: 'category' as const,
  inverse: true,
  data: bars.map(({ entry }) => entry.subject.name),
  axisLine: { show: false },
  axisTick: { show: false },
  axisLabel: {
    show: size.name === 'wide',
    color: 'var(--ink)',
    fontSize: fontOf(size),
    interval: 0,
    width: room(size, bars).left - 10,
    overflow: 'truncate' as const,
  },
});

/** From low to high with caps, and the value behind it; the name above where there is no room. */
const whisker =
  (texts: readonly string[], bars: readonly Bar[], size: Size): CustomSeriesRenderItem =>
  (_, api) => {
    const at = Number(api.value(0));
    const [left = 0, y = 0] = api.coord([api.value(1), at]);
    const [right = 0] = api.coord([api.value(2), at]);
    const style = { stroke: 'var(--ink)', lineWidth: 1.25 };
    const line = (x1: number, y1: number, x2: number, y2: number) => ({
      type: 'line' as const,
      shape: { x1, y1, x2, y2 },
      style,
    });
    const text = (words: string, x: number, y: number) => ({
      type: 'text' as const,
      style: {
        text: words,
        x,
        y,
        fill: 'var(--ink)',
        fontSize: fontOf(size),
        verticalAlign: 'middle' as const,
      },
    });
    const [start = 0] = api.coord([0, at]);
    const words = [
      text(texts[at] ?? '', right + 8, y),
      ...(size.name === 'narrow' ? [text(bars[at]?.entry.subject.name ?? '', start, y - 15)] : []),
    ];
    if (right - left < 1) return { type: 'group', children: words };
    return {
      type: 'group',
      children: [
        line(left, y, right, y),
        line(left, y - CAP_PX, left, y + CAP_PX),
        line(right, y - CAP_PX, right, y + CAP_PX),
        ...words,
      ],
    };
  };
