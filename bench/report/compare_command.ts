import { parseArgs } from 'node:util';
import { UsageError } from '../command/options.ts';
import { type ReportCommand, readArguments } from './command.ts';
import { type Change, type Comparison, compareDocuments } from './compare.ts';
import { readDocument } from './read.ts';
import { formatTable } from './table.ts';
import { figure, heading, number } from './words.ts';

const WORSE = 1;

/** What `compare` says; without `all` only main figures, and others that changed beyond the noise. */
export function formatComparison({ changes, warnings }: Comparison, all: boolean): string {
  const shown = changes.filter(
    ({ isMain, verdict }) =>
      all || isMain || (verdict !== 'within noise' && verdict !== 'too few runs'),
  );
  const worse = changes.filter(isWorse);
  return [
    warnings.map((warning) => `warning: ${warning}\n`).join(''),
    formatTable(shown.map(rowOf)),
    'Medians. Beyond the noise: the 99 % bootstrap interval of their difference leaves out nought, ' +
      'with at least 3 runs on each side. Main figures (*) decide.\n',
    worse.length === 0
      ? 'Nothing that the scenario is run for is worse beyond the noise.\n'
      : worse
          .map((one) => `worse: ${one.server}, ${heading(one.metric)} ${percentOf(one)}\n`)
          .join(''),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

export const isWorse = ({ isMain, verdict }: Change): boolean => isMain && verdict === 'worse';

function rowOf(change: Change): Record<string, string> {
  const { server, metric, before, after, verdict, isMain } = change;
  return {
    server,
    figure: `${heading(metric)}${isMain ? ' *' : ''}`,
    before: figure(metric, before),
    after: figure(metric, after),
    change: percentOf(change),
    verdict,
  };
}

function percentOf({ before, after, percent }: Change): string {
  if (percent !== undefined) return `${percent > 0 ? '+' : ''}${number(percent, 1)} %`;
  return before === after ? '0.0 %' : 'from 0';
}

export const compareCommand: ReportCommand = {
  name: 'compare',
  help:
    '  compare <before.json> <after.json>: what changed beyond the noise; exit status 1 when worse\n' +
    '    --all                  every figure, not only the main ones and those that changed\n',
  async run(given) {
    const { values, positionals } = readArguments(() =>
      parseArgs({
        args: [...given],
        options: { all: { type: 'boolean', default: false } },
        allowPositionals: true,
      }),
    );
    const [before, after, ...more] = positionals;
    if (before === undefined || after === undefined || more.length > 0) {
      throw new UsageError('compare takes two result files: the one before and the one after.');
    }
    const comparison = compareDocuments(await readDocument(before), await readDocument(after));
    if (comparison.changes.length === 0) {
      throw new UsageError('The two results have no server with a figure in common.');
    }
    process.stdout.write(formatComparison(comparison, values.all));
    if (comparison.changes.some(isWorse)) process.exitCode = WORSE;
  },
};
