import type { ResultDocument } from './document.ts';
import { escapeHtml } from './escape.ts';
import { isWordColumn } from './markdown.ts';
import type { Table } from './tables.ts';

/** Tables with something in them, each under its title if it has one. @param name of all of them */
export const tablesHtml = (
  name: string,
  tables: readonly Table[],
  document: ResultDocument,
): readonly string[] =>
  tables
    .filter(({ rows }) => rows.length > 0)
    .flatMap(({ title, rows }) => [
      ...(title === '' ? [] : [`<h3>${escapeHtml(title)}</h3>`]),
      tableHtml(title === '' ? name : `${name}, ${title}`, rows, document),
    ]);

/** A table in a box of its own that scrolls sideways, by keyboard too. The first column stays. */
export function tableHtml(label: string, rows: Table['rows'], document: ResultDocument): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const head = columns.map(
    (column) => `<th scope="col"${classOf(column)}>${escapeHtml(column)}</th>`,
  );
  return (
    `<div class="table" role="region" aria-label="${escapeHtml(label)}" tabindex="0"><table>\n` +
    `<thead><tr>${head.join('')}</tr></thead>\n<tbody>\n` +
    `${rows.map((row) => rowHtml(row, columns, document)).join('\n')}\n</tbody></table></div>`
  );
}

function rowHtml(
  row: Readonly<Record<string, string>>,
  columns: readonly string[],
  { subjects }: ResultDocument,
): string {
  const [first = '', ...others] = columns;
  const subject = subjects.find(({ name }) => name === row.server);
  const mark = subject?.profile === 'hubbub' ? ' class="hubbub"' : '';
  const head = `<th scope="row"${classOf(first)}>${escapeHtml(row[first] ?? '')}</th>`;
  const cells = others.map((column) => `<td${classOf(column)}>${cellHtml(row[column] ?? '')}</td>`);
  return `<tr${mark}>${head}${cells.join('')}</tr>`;
}

const classOf = (column: string): string => {
  if (column === 'what happened') return ' class="word long"';
  return isWordColumn(column) ? ' class="word"' : '';
};

/** What stands in brackets behind a figure is its spread, and steps back. */
const cellHtml = (text: string): string =>
  escapeHtml(text).replace(/ (\([\d.,–∞-]+\))$/, ' <span class="spread">$1</span>');
