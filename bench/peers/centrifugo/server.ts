/**
 * Starts Centrifugo the way the contract has servers started: flags become settings, and a line says
 * where it listens and which process it is. What stays the same stands in config.json.
 */
import { join } from 'node:path';
import { integer, parseOptions, text, UsageError, type Values } from '../../command/options.ts';
import { until } from '../../process/deadline.ts';

const OPTIONS = {
  host: text('127.0.0.1', 'address to listen on'),
  port: integer(8080, 0, 65_535, 'TCP port; 0 takes a free one'),
  delivery_bytes: integer(0, 0, 65_536, 'it adds no padding: who sends has to'),
  rate_limit: integer(0, 0, 1_000_000, 'it has no limit for each client'),
  ping_interval_ms: integer(30_000, 100, 3_600_000, 'time between pings'),
};

const CONFIG = join(import.meta.dir, 'config.json');
const START_MS_MAX = 15_000;
/** Of the interval: Centrifugo wants an answer before the next ping is due. */
const PONG_SHARE = 0.9;

/** Free at this moment: Centrifugo cannot be asked to choose one itself and say which. */
function freePort(hostname: string): number {
  const listener = Bun.listen({ hostname, port: 0, socket: { data: () => undefined } });
  listener.stop();
  return listener.port;
}

async function isHealthy(origin: string): Promise<boolean> {
  const signal = AbortSignal.timeout(START_MS_MAX);
  const response = await fetch(`${origin}/health`, { signal }).catch(() => undefined);
  return response?.ok === true;
}

async function serve(options: Values<typeof OPTIONS>): Promise<number> {
  const { host, ping_interval_ms } = options;
  const port = options.port === 0 ? freePort(host) : options.port;
  // It goes down with this process, however that ends, and its log goes where ours does.
  const child = Bun.spawn(['setpriv', '--pdeathsig', 'TERM', 'centrifugo', '--config', CONFIG], {
    env: {
      ...process.env,
      CENTRIFUGO_HTTP_SERVER_ADDRESS: host,
      CENTRIFUGO_HTTP_SERVER_PORT: String(port),
      CENTRIFUGO_CLIENT_PING_INTERVAL: `${ping_interval_ms}ms`,
      CENTRIFUGO_CLIENT_PONG_TIMEOUT: `${Math.round(ping_interval_ms * PONG_SHARE)}ms`,
    },
    stdio: ['ignore', 2, 2],
  });
  process.once('SIGTERM', () => child.kill('SIGTERM'));
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const origin = `http://${host}:${port}`;
  await until(START_MS_MAX, async () => hasEnded() || (await isHealthy(origin)), 'Centrifugo');
  if (!hasEnded()) console.error(JSON.stringify({ port, pid: child.pid, msg: 'listening' }));
  return child.exited;
}

try {
  process.exitCode = await serve(parseOptions(OPTIONS, process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`centrifugo: ${error.message}`);
  process.exitCode = 2;
}
