import { parseOptions } from '../command/options.ts';
import type { Findings } from '../report/result.ts';
import type { Scenario } from './scenario.ts';
import { smoke } from './smoke.ts';

/** The comparisons that matter, as they would be asked of `smoke`. */
const COMPARISONS: readonly (readonly string[])[] = [
  ['--encodings', 'json', '--flush-interval-ms', '0', '--deliveries', '50000'],
  ['--encodings', 'json,ndjson'],
  ['--encodings', 'ndjson', '--hubs', 'native', '--workers', '1,2', '--members', '50'],
];

/** Enough to see where a change leads, too little to quote. */
const SHORT = ['--pairs', '3', '--start-ms', '1500', '--warmup-ms', '200', '--duration-ms', '800'];

export const quick: Scenario<Record<never, never>> = {
  name: 'quick',
  summary: 'smoke in short: both hubs, frame for frame and in windows, one order across workers',
  options: {},
  async run(_, progress) {
    const parts: Findings[] = [];
    for (const given of COMPARISONS) {
      progress(`smoke ${[...given, ...SHORT].join(' ')}`);
      parts.push(await smoke.run(parseOptions(smoke.options, [...given, ...SHORT]), progress));
    }
    return {
      tables: tablesOf(parts),
      targets: parts.flatMap(({ targets }) => targets),
      problems: parts.flatMap(({ problems }) => problems),
      data: { parts: parts.map(({ data }) => data) },
    };
  },
};

/** Rows of the same kind in one table. */
const tablesOf = (parts: readonly Findings[]): Findings['tables'] =>
  (parts[0]?.tables ?? []).map((_, kind) => parts.flatMap(({ tables }) => tables[kind] ?? []));
