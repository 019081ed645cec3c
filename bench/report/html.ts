import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MAIN_FIGURES } from './columns.ts';
import { roundsOf } from './comparison.ts';
import type { ResultDocument } from './document.ts';
import { escapeHtml } from './escape.ts';
import { tableHtml, tablesHtml } from './html_table.ts';
import { statisticsRows } from './markdown.ts';
import { METRICS } from './metrics.ts';
import { legendHtml, PLOTS_NOTE, plotsHtml } from './plots/page.ts';
import { figureTables, mainTables, type Table, trialTables, troubleTable } from './tables.ts';
import {
  absentWords,
  confinementWords,
  figure,
  machineWords,
  methodWords,
  multiple,
  planWords,
  RATIO_WORDS,
} from './words.ts';

const css = readFileSync(join(import.meta.dir, 'html.css'), 'utf8');

/**
 * A result as one page that needs nothing else: no script, no font, no picture from elsewhere.
 * Every figure of a plot stands in a table as well.
 */
export function documentHtml(document: ResultDocument): string {
  const { plan, started_at } = document;
  const title = `${plan.name}, ${started_at.slice(0, 10)}`;
  const parts = [
    `<h1>${escapeHtml(plan.name)}</h1>`,
    `<p class="summary">${escapeHtml(plan.summary)}</p>`,
    problemsHtml(document),
    headlineHtml(document),
    factsHtml(document),
    '<h2>Comparison</h2>',
    ...tablesHtml('Comparison', mainTables(document), document),
    `<p class="note">Baseline: ${escapeHtml(document.baseline)}. ${RATIO_WORDS}</p>`,
    ...absentWords(document).map((words) => `<p class="note">${escapeHtml(words)}</p>`),
    '<h2>Plots</h2>',
    `<p class="note">${PLOTS_NOTE}</p>`,
    legendHtml(document),
    ...plotsHtml(document),
    '<h2>Statistics</h2>',
    tableHtml('Statistics', statisticsRows(document), document),
    ...section('Rates that were tried', trialTables(document), document),
    '<h2>Every figure</h2>',
    '<p class="note">In brackets the bootstrap interval of the median, 95 %.</p>',
    ...tablesHtml('Every figure', figureTables(document), document),
    ...section('What went wrong', [troubleTable(document)], document),
  ];
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeHtml(title)}</title>`,
    `<style>\n${css}</style>`,
    '</head>',
    '<body>',
    '<main>',
    ...parts.filter((part) => part !== ''),
    '</main>',
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

/** Nothing at all when its tables are empty. */
function section(
  name: string,
  tables: readonly Table[],
  document: ResultDocument,
): readonly string[] {
  const parts = tablesHtml(name, tables, document);
  return parts.length === 0 ? [] : [`<h2>${name}</h2>`, ...parts];
}

function problemsHtml({ problems }: ResultDocument): string {
  if (problems.length === 0) return '';
  const items = problems.map((problem) => `<li>${escapeHtml(problem)}</li>`);
  return (
    '<div class="invalid" role="note"><strong>These figures must not be trusted.</strong>' +
    `<ul>${items.join('')}</ul></div>`
  );
}

/** Who was best in what the scenario is run for, at its greatest size. */
function headlineHtml(document: ResultDocument): string {
  const [name] = MAIN_FIGURES[document.plan.kind].ratios;
  const round = roundsOf(document).toSorted((a, b) => b.clients - a.clients)[0];
  if (name === undefined || round === undefined || document.problems.length > 0) return '';
  const { label, unit, better } = METRICS[name];
  const sign = better === 'more' ? -1 : 1;
  const [best] = round.entries
    .flatMap((entry) => ({ entry, value: entry.figure(name) ?? [] }))
    .flatMap(({ entry, value }) => (typeof value === 'number' ? { entry, value } : []))
    .toSorted((a, b) => sign * (a.value - b.value));
  if (best === undefined || round.entries.length < 2) return '';
  // Where the client was the limit nobody knows who is best.
  if (round.entries.some(({ sustainsMore }) => sustainsMore)) return '';
  const ratio = round.baseline && best.entry.ratio(name, round.baseline);
  const against =
    ratio === undefined || best.entry === round.baseline
      ? ''
      : `, ${multiple(ratio.value)} ${round.baseline?.subject.name}`;
  const where = round.label === '' ? '' : ` with ${round.label}`;
  const text = `${figure(name, best.value)} ${unit} ${label}${where}${against}.`;
  return `<p class="headline"><strong>${escapeHtml(best.entry.subject.name)}</strong> leads: ${escapeHtml(text)}</p>`;
}

function factsHtml(document: ResultDocument): string {
  const { confinement, started_at, ended_at, command } = document;
  const facts: readonly (readonly [string, string])[] = [
    ['Plan', escapeHtml(planWords(document))],
    ['Machine', escapeHtml(machineWords(document))],
    ['Confinement', escapeHtml([confinementWords(confinement), ...confinement.remarks].join('; '))],
    ['Method', escapeHtml(methodWords(document))],
    ['Measured', `${timeHtml(started_at)} to ${timeHtml(ended_at)}`],
    ['Command', `<code>bun run bench ${escapeHtml(command.join(' '))}</code>`],
  ];
  return `<dl>${facts.map(([name, value]) => `<dt>${name}</dt><dd>${value}</dd>`).join('')}</dl>`;
}

const timeHtml = (time: string): string =>
  `<time datetime="${escapeHtml(time)}">${escapeHtml(time.replace('T', ' ').replace(/\.\d+Z$/, ' UTC'))}</time>`;
