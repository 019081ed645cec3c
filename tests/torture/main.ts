import {
  choice,
  integer,
  list,
  optionsHelp,
  parseOptions,
  text,
  UsageError,
  type Values,
} from '../../bench/command/options.ts';
import { spawnServer } from '../support/process.ts';
import { type CrashResult, runCrashes } from './crash_run.ts';
import { startCrashServer } from './crash_server.ts';
import { type JoinRaceResult, runJoinRace } from './join_race.ts';
import { TORTURE_OPTIONS } from './options.ts';

const OPTIONS = {
  log: list(
    ['memory'],
    ['memory', 'simulated', 'sqlite', 'postgres'],
    'what orders messages: one of these; over a database the server is killed on the way',
  ),
  hub: list(['native'], ['native', 'script'], 'what carries rooms: one of these'),
  workers: integer(0, 0, 256, 'threads of the server; 0 = as many as the hub can use'),
  clients: integer(200, 1, 10_000, 'members who come and go'),
  rooms: integer(20, 1, 10_000, 'over a database: rooms they are in, one each'),
  kills: integer(3, 0, 1_000, 'over a database: kill -9 of the server, and its start'),
  sync: choice('full', ['full', 'normal'], 'as the server takes it'),
  postgres_url: text('', 'an empty database; without one a server is started'),
  publishers: integer(10, 1, 1_000, 'members who send'),
  rate: integer(2_000, 1, 1_000_000, 'messages/s, all publishers together'),
  duration_s: integer(0, 0, 86_400, 'how long they send; 0 = 30, over a database 120'),
  seed: integer(Date.now() % 1_000_000, 0, 2 ** 31, 'of every choice made by chance'),
};

const DATABASE_DURATION_S = 120;
const DURATION_S = 30;
const REPLAY_P99_MS_MAX = 1_000;

async function torture(values: Values<typeof OPTIONS>): Promise<JoinRaceResult | CrashResult> {
  const { workers, clients, publishers, rate, seed } = values;
  const [[log, ...moreLogs], [hub, ...moreHubs]] = [values.log, values.hub];
  if (log === undefined || hub === undefined || moreLogs.length + moreHubs.length > 0) {
    throw new UsageError('--log and --hub take one each.');
  }
  if (log === 'simulated' && workers > 1) {
    throw new UsageError('--log simulated serves one thread: --workers 1.');
  }
  if (log === 'sqlite' || log === 'postgres') return tortureByCrashes(values, log, hub);
  process.env.HUBBUB_TORTURE_SEED = String(seed);
  const entry = log === 'simulated' ? 'tests/torture/simulated_server.ts' : 'server/main.ts';
  const server = await spawnServer({ ...TORTURE_OPTIONS, hub, workers }, [], entry);
  try {
    const duration_ms = (values.duration_s || DURATION_S) * 1_000;
    return await runJoinRace(server.url, { clients, publishers, rate, duration_ms, seed });
  } finally {
    const status = await server.stop();
    if (status !== 0) process.stderr.write(`the server ended with ${status}:\n${server.log()}\n`);
  }
}

async function tortureByCrashes(
  values: Values<typeof OPTIONS>,
  log: 'sqlite' | 'postgres',
  hub: 'native' | 'script',
): Promise<CrashResult> {
  const { sync, postgres_url, workers } = values;
  const duration_ms = (values.duration_s || DATABASE_DURATION_S) * 1_000;
  await using server = await startCrashServer({ log, hub, workers, sync, postgres_url });
  const result = await runCrashes(server.url, () => server.crash(), { ...values, duration_ms });
  if (result.replay_p99_ms <= REPLAY_P99_MS_MAX) return result;
  const late = `the 99th of 100 replays took ${result.replay_p99_ms} ms`;
  return { ...result, violations: [...result.violations, late] };
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
