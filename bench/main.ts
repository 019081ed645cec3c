/**
 * `bun run bench [scenario] [options]`: measures this project's server, and its peers beside it.
 * Without a scenario it runs a short version of those that people ask for most.
 * Progress goes to stderr; the result goes to stdout, and with `--out` to a JSON file.
 *
 *   command/    what may be asked for
 *   contract/   what every server under test keeps to, and the check of it
 *   scenarios/  what is measured
 *   micro/      functions, without sockets
 *   load/       members and senders, in a process of their own
 *   peers/      the servers to compare with
 *   k6/         the same, seen by k6
 *   process/    servers under test as processes: start, pin, watch
 *   report/     statistics, tables, files
 */
import { type Options, optionsHelp, parseOptions, text, UsageError } from './command/options.ts';
import { conformanceCommand } from './contract/command.ts';
import { k6Command } from './k6/command.ts';
import { calibrate } from './load/calibrate.ts';
import { micro } from './micro/micro.ts';
import { peersCommand } from './peers/command.ts';
import { killChildren } from './process/children.ts';
import { beginResult, formatResult, saveResult } from './report/result.ts';
import { memory } from './scenarios/memory.ts';
import { quick } from './scenarios/quick.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { slowReader } from './scenarios/slow_reader.ts';
import { smoke } from './scenarios/smoke.ts';

const COMMON = { out: text('', 'folder for the result as JSON; nothing is written without it') };

/** Exit status: the figures must not be trusted, or were never measured. */
const INVALID = 1;
const USAGE_ERROR = 2;

interface Command {
  readonly help: string;
  run(given: readonly string[]): Promise<void>;
}

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  [quick.name, command(quick)],
  [smoke.name, command(smoke)],
  [memory.name, command(memory)],
  [slowReader.name, command(slowReader)],
  [micro.name, command(micro)],
  [calibrate.name, command(calibrate)],
  [conformanceCommand.name, command(conformanceCommand)],
  [peersCommand.name, command(peersCommand)],
  [k6Command.name, command(k6Command)],
]);

/** What runs when no scenario is named, one after the other: together under two minutes. */
const BY_DEFAULT = [quick.name, 'micro'].filter((name) => COMMANDS.has(name));

function command<O extends Options>(scenario: Scenario<O>): Command {
  const { name, summary } = scenario;
  return {
    help: `  ${name}: ${summary}\n${optionsHelp({ ...scenario.options, ...COMMON })}`,
    async run(given) {
      const values = parseOptions({ ...scenario.options, ...COMMON }, given);
      const head = beginResult(name, values);
      const result = { ...head, findings: await scenario.run(values, say) };
      process.stdout.write(formatResult(result));
      if (values.out !== '') say(`written to ${await saveResult(values.out, result)}`);
      if (result.findings.problems.length > 0) process.exitCode = INVALID;
    },
  };
}

const usage = (): string =>
  `bun run bench [scenario] [options]; without a scenario: ${BY_DEFAULT.join(', ')}\n\n` +
  `${[...COMMANDS.values()].map(({ help }) => help).join('\n')}`;

async function main(given: readonly string[]): Promise<void> {
  const [first = '', ...rest] = given;
  if (given.includes('--help') || first === 'help') {
    process.stdout.write(usage());
    return;
  }
  const isNamed = first !== '' && !first.startsWith('-');
  for (const name of isNamed ? [first] : BY_DEFAULT) {
    const chosen = COMMANDS.get(name);
    if (chosen === undefined) {
      throw new UsageError(`There is no scenario "${name}": ${[...COMMANDS.keys()].join(', ')}.`);
    }
    await chosen.run(isNamed ? rest : given);
  }
}

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    killChildren();
    process.exit(INVALID);
  });
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  say(`bench: ${error.message}`);
  process.exitCode = USAGE_ERROR;
}
