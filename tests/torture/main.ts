import { parseArgs } from 'node:util';
import { spawnServer } from '../support/process.ts';
import { type JoinRaceResult, runJoinRace } from './join_race.ts';
import { TORTURE_OPTIONS } from './options.ts';

/** `bun run torture`: exit status 0 only if everything held; the figures are on the last line. */
const { values } = parseArgs({
  options: {
    log: { type: 'string', default: 'memory' },
    clients: { type: 'string', default: '200' },
    rate: { type: 'string', default: '2000' },
    duration: { type: 'string', default: '30' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});

async function main(): Promise<JoinRaceResult> {
  const simulated = values.log === 'simulated';
  if (!simulated && values.log !== 'memory') throw new Error('--log must be memory or simulated');
  process.env.HUBBUB_TORTURE_SEED = values.seed;
  const entry = simulated ? 'tests/torture/simulated_server.ts' : 'server/main.ts';
  const server = await spawnServer(TORTURE_OPTIONS, [], entry);
  try {
    return await runJoinRace(server.url, {
      clients: Number(values.clients),
      publishers: 10,
      rate: Number(values.rate),
      duration_ms: Number(values.duration) * 1_000,
      seed: Number(values.seed),
    });
  } finally {
    const status = await server.stop();
    if (status !== 0) process.stderr.write(`the server ended with ${status}:\n${server.log()}\n`);
  }
}

const result = await main();
for (const violation of result.violations) process.stderr.write(`violation: ${violation}\n`);
process.stdout.write(`${JSON.stringify({ log: values.log, seed: values.seed, ...result })}\n`);
process.exitCode = result.violations.length === 0 ? 0 : 1;
