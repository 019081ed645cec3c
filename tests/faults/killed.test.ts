import { expect, test } from 'bun:test';
import type { Config } from '../../server/config/options.ts';
import { type DeclareTest, requires } from '../support/requires.ts';
import { runCrashes } from '../torture/crash_run.ts';
import { startCrashServer } from '../torture/crash_server.ts';

const SEED = Date.now() % 1_000_000;
const TEST_DEADLINE_MS = 120_000;

/** The short form of `bun run torture --log …`. */
const SERVERS: readonly (readonly [
  name: string,
  options: Partial<Config>,
  declare: DeclareTest,
])[] = [
  ['SQLite, two workers', { log: 'sqlite', hub: 'native', workers: 2 }, requires('native-addon')],
  ['SQLite, sync normal, TypeScript hub', { log: 'sqlite', sync: 'normal', hub: 'script' }, test],
  ['PostgreSQL', { log: 'postgres', hub: 'script' }, requires('postgresql')],
];

for (const [name, options, declare] of SERVERS) {
  declare(
    `row 27: kill -9 under load loses nothing acknowledged and doubles nothing: ${name}, seed ${SEED}`,
    async () => {
      await using server = await startCrashServer(options);
      const result = await runCrashes(server.url, () => server.crash(), {
        clients: 40,
        rooms: 5,
        rate: 500,
        duration_ms: 4_000,
        kills: 3,
        seed: SEED,
      });
      expect(result.violations).toEqual([]);
      expect(result.acknowledged).toBe(result.sent);
      expect(result.deliveries).toBe(result.acknowledged * 8);
      // Everybody came back after each kill.
      expect(result.replays).toBeGreaterThanOrEqual(40 * 3);
    },
    TEST_DEADLINE_MS,
  );
}
