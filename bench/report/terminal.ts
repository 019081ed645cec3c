import { roundsOf } from './comparison.ts';
import type { ResultDocument } from './document.ts';
import { formatTable } from './table.ts';
import { mainTables, statisticsLines, statisticsOf, type Table, troubleTable } from './tables.ts';
import {
  absentWords,
  confinementWords,
  machineWords,
  methodWords,
  planWords,
  RATIO_WORDS,
} from './words.ts';

/** A result as a terminal shows it: what it was measured on and how, each server, the comparison. */
export function formatDocument(document: ResultDocument): string {
  const { plan, baseline, confinement, problems } = document;
  const entries = roundsOf(document).flatMap((round) => round.entries);
  return [
    `${plan.name}: ${plan.summary}\n${planWords(document)}\n`,
    `machine: ${machineWords(document)}\n`.concat(
      `confinement: ${[confinementWords(confinement), ...confinement.remarks].join('; ')}\n`,
      `method: ${methodWords(document)}\n`,
    ),
    ...entries.map((entry) => {
      const statistics = statisticsOf(entry);
      if (statistics === undefined) return `${entry.subject.name}: no run counts\n`;
      const lines = statisticsLines(statistics).map(([name, value]) => `${name}: ${value}\n`);
      return `${statistics.subject}\n--- Statistics ---\n${lines.join('')}`;
    }),
    ...mainTables(document).map(tableText),
    `Baseline: ${baseline}. ${RATIO_WORDS}\n`,
    absentWords(document)
      .map((words) => `${words}\n`)
      .join(''),
    ...[troubleTable(document)].filter(({ rows }) => rows.length > 0).map(tableText),
    problems.map((problem) => `INVALID: ${problem}\n`).join(''),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

const tableText = ({ title, rows }: Table): string =>
  `${title === '' ? '' : `${title}\n`}${formatTable(rows)}`;
