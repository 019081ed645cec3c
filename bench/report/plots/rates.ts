import { rungsOf } from '../../contest/plan.ts';
import type { Round } from '../comparison.ts';
import type { ResultDocument, Trial } from '../document.ts';
import { METRICS, type MetricName } from '../metrics.ts';
import { medianRun } from '../tables.ts';
import { number, titleOf } from '../words.ts';
import type { Placed } from './latency.ts';
import { type Line, linePlot } from './lines.ts';
import { logarithmic, short } from './style.ts';
import type { Plot } from './svg.ts';

/** What arrived of what was offered, at every rate that was tried. */
export function trialPlot(id: string, placed: Placed): Plot | undefined {
  const lines = placed.flatMap(([index, entry]): Line[] => {
    const trials = medianRun(entry, 'sustained_per_s')?.trials ?? [];
    return trials.length === 0 ? [] : [{ index, points: trials.map(pointOf).toSorted(byX) }];
  });
  return offeredPlot(
    id,
    lines,
    'Filled markers are rates that were sustained, hollow ones were too much. ',
  );
}

const pointOf = ({ offered_per_s, delivered_per_s, sustained }: Trial) => ({
  x: offered_per_s,
  y: delivered_per_s,
  marker: sustained ? ('filled' as const) : ('hollow' as const),
});

const byX = (a: { readonly x: number }, b: { readonly x: number }): number => a.x - b.x;

/** Both axes are logarithmic: servers differ by more than an order of magnitude. */
function offeredPlot(id: string, lines: readonly Line[], note: string): Plot | undefined {
  const drawn = lines
    .map(({ index, points }) => ({ index, points: points.filter(({ x, y }) => x > 0 && y > 0) }))
    .filter(({ points }) => points.length > 0);
  if (drawn.length === 0) return undefined;
  const points = drawn.flatMap((line) => line.points);
  const x = logarithmic(points.map((point) => point.x));
  const y = logarithmic(points.map((point) => point.y));
  const [from, to] = [Math.max(x.min ?? 0, y.min ?? 0), Math.min(x.max ?? 0, y.max ?? 0)];
  const most = Math.max(...points.map((point) => point.y));
  return linePlot({
    id,
    title: 'Throughput against the rate that was offered',
    description: `Delivered messages a second over offered ones; the highest is ${number(most)}.`,
    note: `${note}The dotted line is where all that is offered arrives.`,
    height: 400,
    lines: drawn.map((line) => ({
      ...line,
      points: line.points.map((point) => ({
        ...point,
        x: Math.log10(point.x),
        y: Math.log10(point.y),
      })),
    })),
    x: { name: 'offered, deliveries/s', ...x },
    y: { name: 'delivered, deliveries/s', ...y },
    reference: [
      [from, from],
      [to, to],
    ],
  });
}

/** Deliveries a second that the plan asks for with so many clients. Undefined when it asks for none. */
export function offeredPerSecond({ plan }: ResultDocument, clients: number): number | undefined {
  if (plan.kind === 'idle' || plan.kind === 'storm' || plan.kind === 'search') return undefined;
  const rung = rungsOf(plan).find((one) => one.clients === clients);
  if (rung === undefined) return undefined;
  return rung.rate * (plan.kind === 'echo' ? 1 : rung.clients / rung.rooms);
}

/** What arrived of what was offered, over the sizes of a ladder. */
export function ladderPlot(
  id: string,
  document: ResultDocument,
  rounds: readonly Round[],
): Plot | undefined {
  const lines = document.subjects.map(({ name }, index): Line => {
    const points = rounds.flatMap(({ clients, entries }) => {
      const entry = entries.find(({ subject }) => subject.name === name);
      const [x, y] = [offeredPerSecond(document, clients), entry?.figure('throughput_per_s')];
      return x === undefined || y === undefined ? [] : [{ x, y, marker: 'filled' as const }];
    });
    return { index, points: points.toSorted(byX) };
  });
  return offeredPlot(
    id,
    lines.filter(({ points }) => points.length > 0),
    '',
  );
}

/** One figure over the number of clients. */
export function sizePlot(
  id: string,
  name: MetricName,
  { subjects }: ResultDocument,
  rounds: readonly Round[],
): Plot | undefined {
  const lines = subjects.map((subject, index): Line => {
    const points = rounds.flatMap(({ clients, entries }) => {
      const y = entries.find((entry) => entry.subject.name === subject.name)?.figure(name);
      return y === undefined ? [] : [{ x: Math.log10(clients), y, marker: 'filled' as const }];
    });
    return { index, points: points.toSorted(byX) };
  });
  const drawn = lines.filter(({ points }) => points.length > 0);
  if (drawn.length === 0) return undefined;
  const sizes = rounds.map(({ clients }) => Math.log10(clients));
  return linePlot({
    id,
    title: `${titleOf(name)}, by the number of clients`,
    description: `${METRICS[name].label} of each server at ${rounds.map(({ label }) => label).join(', ')}.`,
    height: 320,
    lines: drawn,
    x: {
      name: 'clients',
      min: Math.min(...sizes),
      max: Math.max(...sizes),
      at: sizes,
      write: (value) => number(Math.round(10 ** value)),
    },
    y: { name: METRICS[name].unit, min: 0, write: short },
  });
}
