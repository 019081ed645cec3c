import { parentPort, workerData } from 'node:worker_threads';
import { startThread, type ThreadStart } from './app.ts';
import { ConfigError } from './errors.ts';
import { createLogger } from './telemetry/logger.ts';
import type { Nudge, Order, Report } from './workers/messages.ts';

/** What one worker runs: a whole server but for the process around it, which the main thread minds. */
function serve(start: ThreadStart, tell: (report: Report) => void): (asked: Order | Nudge) => void {
  const logger = createLogger(start.config.log_level);
  const fail = (error: unknown): void => {
    const isConfigError = error instanceof ConfigError;
    if (!isConfigError) logger.error({ err: error, worker: start.worker }, 'a worker failed');
    const message = error instanceof Error ? error.message : String(error);
    tell({ kind: 'failed', message, isConfigError });
  };
  // Left to itself a Worker that throws ends, its connections with it, and the process goes on.
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  try {
    const thread = startThread(start, logger);
    tell({ kind: 'listening', log: thread.stats().log });
    return (asked) => {
      if (asked === 'hurry') thread.hurry();
      else if (asked === 'drain') thread.drain().then(() => tell({ kind: 'drained' }), fail);
      else thread.stop().then(() => tell({ kind: 'stopped' }), fail);
    };
  } catch (error) {
    fail(error);
    return () => undefined;
  }
}

if (parentPort === null) throw new Error('this is started by the server, as a worker');
const port = parentPort;
const obey = serve(workerData as ThreadStart, (report) => port.postMessage(report));
port.on('message', obey);
