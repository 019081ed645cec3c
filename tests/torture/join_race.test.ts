import { expect, test } from 'bun:test';
import type { ConnectLog } from '../../server/app.ts';
import { SimulatedLog } from '../../server/log/simulated.ts';
import { nasty } from '../../server/log/simulated_options.ts';
import { startServer } from '../support/server.ts';
import { runJoinRace } from './join_race.ts';
import { TORTURE_OPTIONS } from './options.ts';

const SEED = Date.now() % 1_000_000;
const TEST_DEADLINE_MS = 60_000;

const nastyLog: ConnectLog = (sink) =>
  new SimulatedLog(sink, { ...nasty, idempotency_ids_max: 100_000, seed: SEED });

/** The short form of `bun run torture`, in one process. */
for (const [log, connectLog] of [
  ['memory log', undefined],
  ['simulated log at its nastiest', nastyLog],
] as const) {
  test(
    `members who come and go miss nothing and see nothing twice: ${log}, seed ${SEED}`,
    async () => {
      const server = startServer(TORTURE_OPTIONS, connectLog);
      try {
        const result = await runJoinRace(server.url, {
          clients: 60,
          publishers: 5,
          rate: 500,
          duration_ms: 3_000,
          seed: SEED,
        });
        expect(result.violations).toEqual([]);
        expect(result.acknowledged).toBe(result.published);
        expect(result.joins).toBeGreaterThan(60);
        expect(result.recoveries).toBeGreaterThan(0);
      } finally {
        await server.stop();
      }
    },
    TEST_DEADLINE_MS,
  );
}
