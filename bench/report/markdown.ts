import { roundsOf } from './comparison.ts';
import type { ResultDocument } from './document.ts';
import {
  figureTables,
  mainTables,
  statisticsLines,
  statisticsOf,
  type Table,
  trialTables,
  troubleTable,
} from './tables.ts';
import {
  absentWords,
  confinementWords,
  machineWords,
  methodWords,
  planWords,
  RATIO_WORDS,
} from './words.ts';

/** A result as Markdown, with every figure in it. */
export function documentMarkdown(document: ResultDocument): string {
  const { plan, baseline, confinement, problems, started_at, command } = document;
  const part = (title: string, tables: readonly Table[]): string[] => {
    const full = tables.filter(({ rows }) => rows.length > 0);
    return full.length === 0 ? [] : [`## ${title}`, ...full.map(titledTable)];
  };
  const parts = [
    `# ${plan.name}: ${plain(plan.summary)}`,
    ...problems.map((problem) => `**INVALID: ${plain(problem)}**`),
    planWords(document),
    [
      `- Measured ${started_at} with \`bun run bench ${command.join(' ')}\``,
      `- Machine: ${plain(machineWords(document))}`,
      `- Confinement: ${plain([confinementWords(confinement), ...confinement.remarks].join('; '))}`,
      `- Method: ${methodWords(document)}`,
      ...absentWords(document).map((words) => `- ${plain(words)}`),
      `- Baseline: ${plain(baseline)}. ${RATIO_WORDS}`,
    ].join('\n'),
    ...part('Comparison', mainTables(document)),
    ...part('Statistics', [{ title: '', rows: statisticsRows(document) }]),
    ...part('Rates that were tried', trialTables(document)),
    ...part('Every figure', figureTables(document)),
    ...part('What went wrong', [troubleTable(document)]),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** A row for each subject and case that has a run that counts. */
export const statisticsRows = (document: ResultDocument): Table['rows'] =>
  roundsOf(document).flatMap(({ entries }) =>
    entries.flatMap((entry) => {
      const statistics = statisticsOf(entry);
      if (statistics === undefined) return [];
      return [{ server: statistics.subject, ...Object.fromEntries(statisticsLines(statistics)) }];
    }),
  );

const titledTable = ({ title, rows }: Table): string =>
  `${title === '' ? '' : `### ${title}\n\n`}${markdownTable(rows)}`;

/** Words to the left, everything else to the right. */
export function markdownTable(rows: Table['rows']): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const line = (cells: readonly string[]): string => `| ${cells.map(plain).join(' | ')} |`;
  const rules = columns.map((column) => (isWordColumn(column) ? '---' : '---:'));
  return [
    line(columns),
    `|${rules.join('|')}|`,
    ...rows.map((row) => line(columns.map((column) => row[column] ?? ''))),
  ].join('\n');
}

const WORDS: ReadonlySet<string> = new Set([
  'server',
  'profile',
  'stack',
  'language',
  'figure',
  'against',
  'fate',
  'what happened',
  'minimal stack',
  'framework',
]);

export const isWordColumn = (column: string): boolean => WORDS.has(column);

/** What Markdown would take for its own. */
const plain = (text: string): string =>
  text.replaceAll(/[\\|`*_<>[\]]/g, '\\$&').replaceAll(/\s+/g, ' ');
