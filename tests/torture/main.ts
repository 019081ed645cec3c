import {
  integer,
  list,
  optionsHelp,
  parseOptions,
  UsageError,
  type Values,
} from '../../bench/command/options.ts';
import { spawnServer } from '../support/process.ts';
import { type JoinRaceResult, runJoinRace } from './join_race.ts';
import { TORTURE_OPTIONS } from './options.ts';

const OPTIONS = {
  log: list(['memory'], ['memory', 'simulated'], 'what orders messages: one of these'),
  hub: list(['native'], ['native', 'script'], 'what carries rooms: one of these'),
  workers: integer(0, 0, 256, 'threads of the server; 0 = as many as the hub can use'),
  clients: integer(200, 1, 10_000, 'members who come and go'),
  publishers: integer(10, 1, 1_000, 'members who send'),
  rate: integer(2_000, 1, 1_000_000, 'messages/s, all publishers together'),
  duration_s: integer(30, 1, 86_400, 'how long they send'),
  seed: integer(Date.now() % 1_000_000, 0, 2 ** 31, 'of every choice made by chance'),
};

async function torture(values: Values<typeof OPTIONS>): Promise<JoinRaceResult> {
  const { workers, clients, publishers, rate, seed } = values;
  const [[log, ...moreLogs], [hub, ...moreHubs]] = [values.log, values.hub];
  if (log === undefined || hub === undefined || moreLogs.length + moreHubs.length > 0) {
    throw new UsageError('--log and --hub take one each.');
  }
  if (log === 'simulated' && workers > 1) {
    throw new UsageError('--log simulated serves one thread: --workers 1.');
  }
  process.env.HUBBUB_TORTURE_SEED = String(seed);
  const entry = log === 'simulated' ? 'tests/torture/simulated_server.ts' : 'server/main.ts';
  const server = await spawnServer({ ...TORTURE_OPTIONS, hub, workers }, [], entry);
  try {
    const duration_ms = values.duration_s * 1_000;
    return await runJoinRace(server.url, { clients, publishers, rate, duration_ms, seed });
  } finally {
    const status = await server.stop();
    if (status !== 0) process.stderr.write(`the server ended with ${status}:\n${server.log()}\n`);
  }
}

/** `bun run torture`: exit status 0 only if everything held; the figures are on the last line. */
async function main(given: readonly string[]): Promise<void> {
  if (given.includes('--help')) {
    process.stdout.write(`bun run torture [options]\n${optionsHelp(OPTIONS)}`);
    return;
  }
  const values = parseOptions(OPTIONS, given);
  const result = await torture(values);
  for (const violation of result.violations) process.stderr.write(`violation: ${violation}\n`);
  process.stdout.write(`${JSON.stringify({ ...values, ...result })}\n`);
  if (result.violations.length > 0) process.exitCode = 1;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`torture: ${error.message}\n`);
  process.exitCode = 2;
}
