/**
 * The container image of the server, with Docker where its daemon answers, and otherwise with
 * buildah, podman and runc.
 *
 *   bun run image build [options]
 *   bun run image run [options] [-- options of the server]
 *   bun run image measure [options] [-- options of the server]
 *
 * How to use the image without this: docs/operations.md, "Container".
 */
import {
  choice,
  integer,
  optionsHelp,
  parseOptions,
  text,
  UsageError,
} from '../bench/command/options.ts';
import { formatTable } from '../bench/report/table.ts';
import { say } from './boot/report.ts';
import { removeContainers, runWords } from './image/container.ts';
import { findEngine } from './image/engine.ts';
import { MEASURE_OPTIONS, measure } from './image/measure.ts';

const TAG = { tag: text('hubbub', 'name of the image') };
const LIMITS = {
  ...TAG,
  cpus: text('1', 'processor time of the container, in processors'),
  memory: text('256m', 'memory of the container'),
};
const BUILD_OPTIONS = {
  ...TAG,
  bases: choice(
    'registry',
    ['registry', 'debian'],
    'pull what it starts from, or make it of Debian packages',
  ),
};
const RUN_OPTIONS = {
  ...LIMITS,
  port: integer(8080, 1, 65_535, 'port of this machine, on loopback'),
};
const MEASURING_OPTIONS = { ...LIMITS, ...MEASURE_OPTIONS };

const FAILURE = 1;
const USAGE_ERROR = 2;

async function build(given: readonly string[]): Promise<void> {
  const { tag, bases } = parseOptions(BUILD_OPTIONS, given);
  const engine = await findEngine();
  say(`building ${tag} with ${engine.name} …`);
  await engine.build(tag, bases);
}

/** In the foreground, until it is told to stop. */
async function run(given: readonly string[], serverFlags: readonly string[]): Promise<void> {
  const { tag: image, ...limits } = parseOptions(RUN_OPTIONS, given);
  const plan = { image, ...limits, serverFlags };
  const child = Bun.spawn(runWords(await findEngine(), plan, ['--rm']), {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  // The engine passes signals on to the server. From a terminal both of us get them.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => child.kill(signal));
  }
  process.exitCode = await child.exited;
}

async function measureImage(given: readonly string[], serverFlags: readonly string[]) {
  const { tag: image, cpus, memory, ...values } = parseOptions(MEASURING_OPTIONS, given);
  const engine = await findEngine();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => removeContainers().finally(() => process.exit(FAILURE)));
  }
  const { figures, problems } = await measure(engine, { image, cpus, memory, serverFlags }, values);
  const rows = figures.map(([what, figure]) => ({
    [`${image}, ${cpus} CPU, ${memory}`]: what,
    figure,
  }));
  process.stdout.write(formatTable(rows));
  for (const problem of problems) say(`INVALID: ${problem}`);
  if (problems.length > 0) process.exitCode = FAILURE;
}

const usage = (): string =>
  [
    'bun run image build|run|measure [options] [-- options of the server]\n',
    `  build\n${optionsHelp(BUILD_OPTIONS)}`,
    `  run\n${optionsHelp(RUN_OPTIONS)}`,
    `  measure\n${optionsHelp(MEASURING_OPTIONS)}`,
  ].join('\n');

async function main([command, ...rest]: readonly string[]): Promise<void> {
  const border = rest.indexOf('--');
  const given = border === -1 ? rest : rest.slice(0, border);
  const serverFlags = border === -1 ? [] : rest.slice(border + 1);
  switch (command) {
    case 'build':
      return build(given);
    case 'run':
      return run(given, serverFlags);
    case 'measure':
      return measureImage(given, serverFlags);
    case undefined:
    case '--help':
      process.stdout.write(usage());
      return;
    default:
      throw new UsageError(`There is no command "${command}": build, run, measure.`);
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exit(error instanceof UsageError ? USAGE_ERROR : FAILURE);
}
