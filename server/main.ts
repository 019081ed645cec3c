import { startApp } from './app.ts';
import { helpText } from './config/help.ts';
import { loadConfig } from './config/load.ts';
import type { Config } from './config/options.ts';
import { ConfigError } from './errors.ts';
import { createLogger } from './telemetry/logger.ts';

/** Exit status of a process that was asked to do something it cannot. */
const USAGE_ERROR = 2;
/** Two signals closer than this are one wish; a later one hurries. */
const SAME_SIGNAL_MS = 1_000;

function main(): void {
  const config = loadConfig(process.argv.slice(2), process.env);
  if (config === undefined) {
    process.stdout.write(helpText());
    return;
  }
  serve(config);
}

function serve(config: Config): void {
  const logger = createLogger(config.log_level);
  const app = startApp(config, logger);
  const { hub, log } = app.stats();
  logger.info({ host: config.host, port: app.port, workers: 1, hub, log }, 'listening');

  let asked_at_ms: number | undefined;
  const stop = (signal: NodeJS.Signals): void => {
    if (asked_at_ms !== undefined) {
      // A terminal signals the whole group and `bun run` passes it on: one Ctrl-C comes twice.
      if (performance.now() - asked_at_ms > SAME_SIGNAL_MS) process.exit(1);
      return;
    }
    asked_at_ms = performance.now();
    logger.info({ signal }, 'stopping');
    // The timer keeps a stop that hangs from hanging the process; a finished one exits first.
    setTimeout(() => process.exit(1), config.shutdown_timeout_ms);
    app.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, 'the stop failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

try {
  main();
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`hubbub: ${error.message}\n`);
  process.exitCode = USAGE_ERROR;
}
