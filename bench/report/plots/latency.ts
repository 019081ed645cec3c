import type { Histogram } from '../../load/histogram.ts';
import type { Entry } from '../comparison.ts';
import { figure } from '../words.ts';
import { type Line, linePlot, type Point } from './lines.ts';
import { logarithmic } from './style.ts';
import type { Plot } from './svg.ts';

/** What a reader looks for: these have a marker. */
const MARKED = [50, 90, 99, 99.9, 99.99] as const;
const POINTS = 72;
/** Seconds and minutes are read on the same axis. */
const MS_MIN = 0.001;

/** Each subject with its place in the document. */
export type Placed = readonly (readonly [number, Entry])[];

/**
 * How many messages were as quick as that. Both axes are stretched, since what matters is at the
 * slow end: latency is logarithmic, and each nine of the share takes as much room as the first.
 */
export function latencyPlot(id: string, placed: Placed): Plot | undefined {
  const lines = placed
    .filter(([, { latency }]) => latency.count > 0)
    .map(([index, { latency }]): Line => ({ index, points: pointsOf(latency) }));
  if (lines.length === 0) return undefined;
  const all = lines.flatMap(({ points }) => points);
  const nines = Math.max(...all.map(({ y }) => y));
  const shares = [0, ...MARKED].filter((percent) => stretched(percent) <= nines);
  return linePlot({
    id,
    title: 'Latency: share of messages that took at most so long',
    description: `Cumulative distribution of latency, both axes stretched. ${said(placed)}`,
    height: 400,
    lines,
    x: {
      name: 'latency, ms',
      ...logarithmic(all.map(({ x }) => 10 ** x)),
    },
    y: {
      name: 'messages, %',
      min: 0,
      max: nines,
      at: shares.map(stretched),
      write: (value) => String(Number((100 - 100 * 10 ** -value).toFixed(3))),
    },
  });
}

/** 0 for 0 %, 1 for 90 %, 2 for 99 %, and so on. */
const stretched = (percent: number): number => -Math.log10(1 - percent / 100);

function pointsOf(latency: Histogram): Point[] {
  const end = Math.log10(latency.count);
  const at = (nines: number, marker: Point['marker']): Point => ({
    x: Math.log10(Math.max(MS_MIN, latency.percentile(100 - 100 * 10 ** -nines) / 1_000)),
    y: nines,
    marker,
  });
  const marks = MARKED.map(stretched).filter((nines) => nines <= end);
  return [
    ...Array.from({ length: POINTS + 1 }, (_, step) => at((end * step) / POINTS, 'none')),
    ...marks.map((nines) => at(nines, 'filled')),
  ].toSorted((a, b) => a.y - b.y);
}

const said = (placed: Placed): string =>
  placed
    .map(([, entry]) => {
      const values = (['latency_p50_ms', 'latency_p99_ms'] as const).map((name) => {
        const value = entry.figure(name);
        return value === undefined ? 'not measured' : `${figure(name, value)} ms`;
      });
      return `${entry.subject.name}: p50 ${values[0]}, p99 ${values[1]}.`;
    })
    .join(' ');
