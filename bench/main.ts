/**
 * `bun run bench [scenario…] [options]`: measures this project's server, and its peers beside it.
 * Without a scenario it runs a short version of those that people ask for most.
 * Progress goes to stderr; results go to stdout and to files.
 *
 *   command/    what may be asked for
 *   contest/    servers in turns under one scenario, from a data file
 *   contract/   what every server under test keeps to, and the check of it
 *   targets/    what is promised, and whether this machine shows it
 *   scenarios/  what is measured of this project's server alone
 *   micro/      functions, without sockets
 *   load/       members and senders, in a process of their own
 *   peers/      the servers to compare with
 *   k6/         the same, seen by k6
 *   http/       what the server answers beside the chat, seen by autocannon
 *   process/    servers under test as processes: start, pin, watch
 *   report/     statistics, tables, files
 */
import {
  type Options,
  optionsHelp,
  parseOptions,
  text,
  UsageError,
  wordsAs,
} from './command/options.ts';
import { contests } from './contest/command.ts';
import { listCommand } from './contest/list.ts';
import { CONTEST_OPTIONS } from './contest/options.ts';
import { isPlan, PLAN_NAMES } from './contest/plans.ts';
import { conformanceCommand } from './contract/command.ts';
import { httpCommand } from './http/command.ts';
import { k6Command } from './k6/command.ts';
import { calibrate } from './load/calibrate.ts';
import { micro } from './micro/micro.ts';
import { peersCommand } from './peers/command.ts';
import { killChildren } from './process/children.ts';
import { compareCommand } from './report/compare_command.ts';
import { reportCommand } from './report/report_command.ts';
import { beginResult, formatResult, saveResult } from './report/result.ts';
import { schemaCommand } from './report/schema_command.ts';
import { memory } from './scenarios/memory.ts';
import { quick } from './scenarios/quick.ts';
import { recovery } from './scenarios/recovery.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { smoke } from './scenarios/smoke.ts';
import { targetsCommand } from './targets/targets.ts';

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
  [recovery.name, command(recovery)],
  [micro.name, command(micro)],
  [calibrate.name, command(calibrate)],
  [targetsCommand.name, command(targetsCommand)],
  [listCommand.name, command(listCommand)],
  [conformanceCommand.name, command(conformanceCommand)],
  [peersCommand.name, command(peersCommand)],
  [k6Command.name, command(k6Command)],
  [httpCommand.name, command(httpCommand)],
  [compareCommand.name, compareCommand],
  [reportCommand.name, reportCommand],
  [schemaCommand.name, schemaCommand],
]);

/** What runs when no scenario is named, one after the other: together under two minutes. */
const BY_DEFAULT = [quick.name, 'micro'].filter((name) => COMMANDS.has(name));

function command<O extends Options>(scenario: Scenario<O>): Command {
  const { name, summary } = scenario;
  return {
    help: `  ${name}: ${summary}\n${optionsHelp({ ...scenario.options, ...COMMON })}`,
    async run(given) {
      const flags = wordsAs(scenario.words, given);
      const values = parseOptions({ ...scenario.options, ...COMMON }, flags);
      const head = beginResult(name, values);
      const result = { ...head, findings: await scenario.run(values, say) };
      process.stdout.write(formatResult(result));
      if (values.out !== '') say(`written to ${await saveResult(values.out, result)}`);
      if (result.findings.problems.length > 0) process.exitCode = INVALID;
    },
  };
}

const usage = (): string =>
  `bun run bench [scenario…] [options]; without a scenario: ${BY_DEFAULT.join(', ')}\n\n` +
  `  ${PLAN_NAMES.join(', ')}, or <file>.toml: servers in turns\n${optionsHelp(CONTEST_OPTIONS)}\n` +
  `${[...COMMANDS.values()].map(({ help }) => help).join('\n')}`;

async function main(given: readonly string[]): Promise<void> {
  const [first = '', ...rest] = given;
  if (given.includes('--help') || first === 'help') {
    process.stdout.write(usage());
    return;
  }
  if (isPlan(first)) return contest(given);
  const isNamed = first !== '' && !first.startsWith('-');
  for (const name of isNamed ? [first] : BY_DEFAULT) {
    const chosen = COMMANDS.get(name);
    if (chosen === undefined) {
      const known = [...COMMANDS.keys(), ...PLAN_NAMES].join(', ');
      throw new UsageError(`There is no scenario "${name}": ${known}.`);
    }
    await chosen.run(isNamed ? rest : given);
  }
}

/** One scenario after the other, each with a result of its own. */
async function contest(given: readonly string[]): Promise<void> {
  const options = given.findIndex((word) => word.startsWith('-'));
  const words = options === -1 ? given : given.slice(0, options);
  for await (const { document, text: shown, files } of contests(
    words,
    given.slice(words.length),
    say,
  )) {
    process.stdout.write(shown);
    for (const path of Object.values(files)) say(`written to ${path}`);
    if (document.problems.length > 0) process.exitCode = INVALID;
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
