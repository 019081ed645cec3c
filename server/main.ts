import project from '../package.json';
import { type App, startApp } from './app.ts';
import { helpText } from './config/help.ts';
import { loadConfig } from './config/load.ts';
import type { Config } from './config/options.ts';
import { ConfigError } from './errors.ts';
import { createLogger } from './telemetry/logger.ts';
import { type Started, startText } from './telemetry/start_text.ts';

/** Exit status of a process that was asked to do something it cannot. */
const USAGE_ERROR = 2;
/** Exit status of a server that could not go on, or not end as it should. */
const FAILURE = 1;
/** Two signals closer than this are one wish; a later one hurries. */
const SAME_SIGNAL_MS = 1_000;

async function main(): Promise<void> {
  const config = loadConfig(process.argv.slice(2), process.env);
  if (config === undefined) {
    process.stdout.write(helpText());
    return;
  }
  await serve(config);
}

async function serve(config: Config): Promise<void> {
  const logger = createLogger(config.log_level);
  const app = await startApp(config, logger);
  let asked_at_ms: number | undefined;
  let isHurried = false;
  const stop = (exitStatus: number): void => {
    asked_at_ms = performance.now();
    // The timer keeps a stop that hangs from hanging the process; a finished one exits first.
    setTimeout(() => process.exit(FAILURE), config.shutdown_timeout_ms);
    app.stop().then(
      () => process.exit(exitStatus),
      (error: unknown) => {
        logger.error({ err: error }, 'the stop failed');
        process.exit(FAILURE);
      },
    );
  };
  const asked = (signal: NodeJS.Signals): void => {
    const now_ms = performance.now();
    // A terminal signals the whole group and `bun run` passes it on: one Ctrl-C comes twice.
    if (asked_at_ms !== undefined && now_ms - asked_at_ms < SAME_SIGNAL_MS) return;
    if (isHurried) process.exit(FAILURE);
    logger.info({ signal }, asked_at_ms === undefined ? 'stopping' : 'stopping at once');
    // Whoever presses Ctrl-C looks on and waits.
    isHurried = asked_at_ms !== undefined || signal === 'SIGINT';
    if (isHurried) app.hurry();
    if (asked_at_ms === undefined) stop(0);
    asked_at_ms = now_ms;
  };
  /** A server that has lost a part of itself sends its clients elsewhere, and ends for its supervisor. */
  const fail = (error: unknown): void => {
    logger.error({ err: error }, 'the server cannot go on');
    if (asked_at_ms === undefined) stop(FAILURE);
  };
  process.on('SIGTERM', asked);
  process.on('SIGINT', asked);
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  app.failed.then(fail, fail);

  // Last: whoever reads this may send a signal.
  const { port, workers, hub, log } = app;
  logger.info({ host: config.host, port, workers, hub: hub.kind, log }, 'listening');
  // Whoever collects standard output of a service gets log lines and nothing else.
  if (process.stdout.isTTY) process.stdout.write(startText(startedOf(app), app.config));
}

const startedOf = ({ port, workers, hub, log }: App): Started => ({
  version: project.version,
  bun: Bun.version,
  port,
  workers,
  hub: hub.kind,
  log,
  fallback: hub.kind === 'script' ? hub.fallback : undefined,
});

try {
  await main();
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`hubbub: ${error.message}\n`);
  // Workers that did start would keep the process.
  process.exit(USAGE_ERROR);
}
