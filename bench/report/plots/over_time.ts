import type { Sample } from '../document.ts';
import type { MetricName } from '../metrics.ts';
import { medianRun } from '../tables.ts';
import { number } from '../words.ts';
import type { Placed } from './latency.ts';
import { type Line, linePlot } from './lines.ts';
import { short } from './style.ts';
import type { Plot } from './svg.ts';

interface Course {
  readonly title: string;
  readonly unit: string;
  of(sample: Sample): number | undefined;
}

const CPU: Course = {
  title: 'Processor time of the server in each second of its median run',
  unit: '% of a core',
  of: ({ server_cpu_percent }) => server_cpu_percent,
};

const MEMORY: Course = {
  title: 'Resident memory of the server in each second of its median run',
  unit: 'MiB',
  of: ({ server_rss_bytes }) => server_rss_bytes && server_rss_bytes / 2 ** 20,
};

/** Lines have few markers, so that they stay lines. */
const MARKERS = 5;

/** @param middle the figure by which a subject's median run is chosen */
export const coursePlots = (id: string, placed: Placed, middle: MetricName): readonly Plot[] =>
  [CPU, MEMORY].flatMap((course, at) => coursePlot(`${id}-${at}`, placed, middle, course) ?? []);

function coursePlot(
  id: string,
  placed: Placed,
  middle: MetricName,
  course: Course,
): Plot | undefined {
  const lines = placed.flatMap(([index, entry]): Line[] => {
    const samples = medianRun(entry, middle)?.samples ?? [];
    const start = Date.parse(samples[0]?.at ?? '');
    const every = Math.max(1, Math.floor(samples.length / MARKERS));
    const points = samples.flatMap((sample, at) => {
      const y = course.of(sample);
      if (y === undefined) return [];
      // Each subject begins elsewhere, lest markers of equal lines cover each other.
      const marker = (at + index) % every === 0 ? ('filled' as const) : ('none' as const);
      return [{ x: (Date.parse(sample.at) - start) / 1_000, y, marker }];
    });
    return points.length === 0 ? [] : [{ index, points }];
  });
  if (lines.length === 0) return undefined;
  const highest = lines.map(({ index, points }) => {
    const name = placed.find(([place]) => place === index)?.[1].subject.name ?? '';
    return `${name}: ${number(Math.max(...points.map(({ y }) => y)), 1)}.`;
  });
  return linePlot({
    id,
    title: course.title,
    description: `In ${course.unit}, at the most: ${highest.join(' ')}`,
    height: 320,
    lines,
    x: {
      name: 'seconds',
      min: 0,
      max: Math.max(...lines.flatMap(({ points }) => points.map(({ x }) => x))),
      write: short,
    },
    y: { name: course.unit, min: 0, write: short },
  });
}
