import { prepare, startThread } from '../../server/app.ts';
import { loadConfig } from '../../server/config/load.ts';
import { SimulatedLog } from '../../server/log/simulated.ts';
import { nasty } from '../../server/log/simulated_options.ts';
import { createLogger } from '../../server/telemetry/logger.ts';

/** The server over an engine that fails in every way the log's port allows. Seed in HUBBUB_TORTURE_SEED. */
const config = loadConfig(process.argv.slice(2), process.env);
if (config === undefined) throw new Error('this program has no help of its own');
const seed = Number(process.env.HUBBUB_TORTURE_SEED ?? 1);
const logger = createLogger('info');
const app = startThread(
  prepare({ ...config, workers: 1 }),
  logger,
  (sink) =>
    new SimulatedLog(sink, { ...nasty, idempotency_ids_max: config.idempotency_ids_max, seed }),
);
logger.info({ port: app.port, seed }, 'listening');
process.on('SIGTERM', () => {
  app
    .drain()
    .then(() => app.stop())
    .then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, 'the stop failed');
        process.exit(1);
      },
    );
});
