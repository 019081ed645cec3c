import { expect, test } from 'bun:test';
import type { ConnectLog } from '../../server/app.ts';
import { SimulatedLog } from '../../server/log/simulated.ts';
import { nasty } from '../../server/log/simulated_options.ts';
import { spawnServer } from '../support/process.ts';
import { startServer } from '../support/server.ts';
import { runJoinRace } from './join_race.ts';
import { TORTURE_OPTIONS } from './options.ts';

const SEED = Date.now() % 1_000_000;
const TEST_DEADLINE_MS = 60_000;

const nastyLog: ConnectLog = (sink) =>
  new SimulatedLog(sink, { ...nasty, idempotency_ids_max: 100_000, seed: SEED });

type Start = () =>
  | { readonly url: string; stop(): Promise<unknown> }
  | Promise<{ readonly url: string; stop(): Promise<unknown> }>;

/** The short form of `bun run torture`. */
const SERVERS: readonly (readonly [name: string, start: Start])[] = [
  ['native hub, memory log', () => startServer({ ...TORTURE_OPTIONS, hub: 'native' })],
  ['TypeScript hub, memory log', () => startServer({ ...TORTURE_OPTIONS, hub: 'script' })],
  [
    'native hub, simulated log at its nastiest',
    () => startServer({ ...TORTURE_OPTIONS, hub: 'native' }, nastyLog),
  ],
  [
    'TypeScript hub, simulated log at its nastiest',
    () => startServer({ ...TORTURE_OPTIONS, hub: 'script' }, nastyLog),
  ],
  ['two workers', () => spawnServer({ ...TORTURE_OPTIONS, workers: 2 })],
];

for (const [name, start] of SERVERS) {
  test(
    `members who come and go miss nothing and see nothing twice: ${name}, seed ${SEED}`,
    async () => {
      const server = await start();
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
