import { type ConnectLog, prepare, startThread } from '../../server/app.ts';
import { loadConfig } from '../../server/config/load.ts';
import type { Config } from '../../server/config/options.ts';
import type { Storage } from '../../server/storage/port.ts';
import { createLogger, type Logger } from '../../server/telemetry/logger.ts';
import type { ServerStats } from '../../server/telemetry/stats.ts';

export interface TestServer {
  readonly port: number;
  readonly http: string;
  /** The WebSocket endpoint; add `?room=` and the like. */
  readonly url: string;
  stats(): ServerStats;
  stop(): Promise<void>;
}

/** What tests do not vary: loopback, a free port, no file, no noise. */
const BASE = {
  host: '127.0.0.1',
  port: 0,
  session_secret: 'a secret for tests only',
  log: 'memory',
} as const;

/** The whole server in this process, on one thread and a real port. Option values as numbers and text. */
export function startServer(
  options: Partial<Config> = {},
  connectLog?: ConnectLog,
  logger: Logger = createLogger('silent'),
  storage?: Storage,
): TestServer {
  const defaults = loadConfig([], {});
  if (defaults === undefined) throw new Error('no configuration');
  const start = prepare({ ...defaults, ...BASE, workers: 1, ...options });
  const thread = startThread(start, logger, connectLog, storage);
  return {
    ...addresses(thread.port),
    stats: thread.stats,
    stop() {
      // Tests do not wait for clients to leave of their own accord.
      thread.hurry();
      return thread.drain().then(() => thread.stop());
    },
  };
}

export const addresses = (port: number) => ({
  port,
  http: `http://127.0.0.1:${port}`,
  url: `ws://127.0.0.1:${port}/ws`,
});
