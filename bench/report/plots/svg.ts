import { BarChart, CustomChart, LineChart } from 'echarts/charts';
import { GridComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { escapeHtml } from '../escape.ts';

use([BarChart, CustomChart, LineChart, GridComponent, SVGRenderer]);

/** A drawing is made once for wide windows and paper, once for phones: letters keep their size. */
export interface Size {
  readonly name: 'wide' | 'narrow';
  readonly width: number;
  readonly height: number;
}

export interface Plot {
  /** Unique in its page. */
  readonly id: string;
  readonly title: string;
  /** What it shows, for those who do not see it. */
  readonly description: string;
  /** What a reader has to know, below the plot. */
  readonly note?: string;
  /** In CSS pixels; one for both sizes or one for each. */
  readonly height: number | Readonly<Record<Size['name'], number>>;
  draw(size: Size): EChartsCoreOption;
}

const WIDTHS = { wide: 880, narrow: 350 } as const;

/** The plot as a figure with its title above, in both sizes; the style sheet shows one of them. */
export const plotHtml = (plot: Plot): string =>
  `<figure><figcaption>${escapeHtml(plot.title)}</figcaption>` +
  `${drawingOf(plot, 'wide')}${drawingOf(plot, 'narrow')}` +
  `${plot.note === undefined ? '' : `<p class="note">${escapeHtml(plot.note)}</p>`}</figure>`;

function drawingOf(plot: Plot, name: Size['name']): string {
  const { height: given } = plot;
  const height = typeof given === 'number' ? given : given[name];
  const size = { name, width: WIDTHS[name], height };
  const chart = init(null, null, { renderer: 'svg', ssr: true, ...size });
  try {
    chart.setOption({ animation: false, textStyle: { fontFamily: 'inherit' }, ...plot.draw(size) });
    return inlined(chart.renderToSVGString(), plot, `${plot.id}-${name}`, name);
  } finally {
    chart.dispose();
  }
}

/** Inside a page the drawing needs no name space, no style of its own, and ids that only it has. */
function inlined(svg: string, { title, description }: Plot, id: string, size: string): string {
  const inside = svg
    .replace(/^<svg[^>]*>/, '')
    .replaceAll(/<style[\s\S]*?<\/style>/g, '')
    .replaceAll(/ (?:class="[^"]*"|pointer-events="visible")/g, '')
    .replaceAll(/\bzr\d+-/g, `${id}-`);
  const viewBox = /viewBox="([^"]*)"/.exec(svg)?.[1] ?? '';
  return (
    `<svg class="plot ${size}" viewBox="${viewBox}" role="img" aria-labelledby="${id}-title ${id}-desc">` +
    `<title id="${id}-title">${escapeHtml(title)}</title>` +
    `<desc id="${id}-desc">${escapeHtml(description)}</desc>${inside}`
  );
}
