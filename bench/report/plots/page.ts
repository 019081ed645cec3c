import { MAIN_FIGURES } from '../columns.ts';
import { type Round, roundsOf } from '../comparison.ts';
import type { ResultDocument } from '../document.ts';
import { escapeHtml } from '../escape.ts';
import { barPlot } from './bars.ts';
import { latencyPlot, type Placed } from './latency.ts';
import { coursePlots } from './over_time.ts';
import { ladderPlot, sizePlot, trialPlot } from './rates.ts';
import { styleOf } from './style.ts';
import { type Plot, plotHtml } from './svg.ts';

/** All plots of a result: over its sizes when there are several, then of each size. */
export function plotsHtml(document: ResultDocument): readonly string[] {
  const rounds = roundsOf(document);
  const across = rounds.length > 1 ? acrossPlots(document, rounds) : [];
  const within = rounds.flatMap((round, at) => [
    ...(round.label === '' ? [] : [`<h3>${escapeHtml(round.label)}</h3>`]),
    ...roundPlots(document, round, `plot-${at}`).map(plotHtml),
  ]);
  return [...across.map(plotHtml), ...within];
}

const isPlot = (plot: Plot | undefined): plot is Plot => plot !== undefined;

function acrossPlots(document: ResultDocument, rounds: readonly Round[]): readonly Plot[] {
  const names = [...MAIN_FIGURES[document.plan.kind].ratios, 'server_cpu_percent'] as const;
  return [
    ladderPlot('plot-offered', document, rounds),
    ...[...new Set(names)].map((name) => sizePlot(`plot-${name}`, name, document, rounds)),
  ].filter(isPlot);
}

function roundPlots({ plan, subjects }: ResultDocument, round: Round, id: string): readonly Plot[] {
  const { ratios, figures } = MAIN_FIGURES[plan.kind];
  const [middle = figures[0] ?? 'throughput_per_s'] = ratios;
  const placed: Placed = round.entries.map((entry) => [subjects.indexOf(entry.subject), entry]);
  return [
    ...ratios.map((name) => barPlot(`${id}-${name}`, name, round.entries, round.baseline)),
    trialPlot(`${id}-trials`, placed),
    latencyPlot(`${id}-latency`, placed),
    ...coursePlots(`${id}-course`, placed, middle),
  ].filter(isPlot);
}

/** What holds for every plot. */
export const PLOTS_NOTE =
  'Bars show medians, the lines with caps at their ends the bootstrap interval of 95 %; ' +
  'Hubbub is green, the baseline a stronger grey. In all other plots a server has the line that stands here.';

/** Which line is whose; one for all plots. */
export function legendHtml({ subjects }: ResultDocument): string {
  const items = subjects.map(({ name }, index) => {
    const { colour, dash, symbol } = styleOf(index);
    const dashes = dash === 'solid' ? '' : ` stroke-dasharray="${dash.join(' ')}"`;
    return (
      `<li><svg class="legend-mark" width="34" height="12" aria-hidden="true" fill="${colour}" stroke="${colour}">` +
      `<path d="M0 6h34" stroke-width="2"${dashes}/><path d="${SHAPES[symbol]}" stroke="none"/></svg>` +
      `${escapeHtml(name)}</li>`
    );
  });
  return `<ul class="legend" aria-label="Lines of the plots">${items.join('')}</ul>`;
}

/** The markers, 8 wide around the middle of a sample of the line. */
const SHAPES: Readonly<Record<ReturnType<typeof styleOf>['symbol'], string>> = {
  circle: 'M13 6a4 4 0 1 0 8 0a4 4 0 1 0-8 0z',
  rect: 'M13 2h8v8h-8z',
  triangle: 'M17 2l4 8h-8z',
  diamond: 'M17 1l4.5 5l-4.5 5l-4.5-5z',
  'path://M0 0h8l-4 7z': 'M13 2h8l-4 8z',
};
