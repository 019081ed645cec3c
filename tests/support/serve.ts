import { readdirSync } from 'node:fs';
import type { ConnectLog } from '../../server/app.ts';
import type { Config } from '../../server/config/options.ts';
import type { ServerStats, WorkerStats } from '../../server/telemetry/stats.ts';
import { type ServerProcess, spawnServer } from './process.ts';
import { startServer, type TestServer } from './server.ts';

/** The server in this process, until the end of the block it is declared in with `await using`. */
export function serve(
  options: Partial<Config> = {},
  connectLog?: ConnectLog,
): TestServer & AsyncDisposable {
  const server = startServer(options, connectLog);
  return { ...server, [Symbol.asyncDispose]: () => server.stop() };
}

/** The server as a process of its own, until the end of the block. */
export async function serveAlone(
  options: Partial<Config> = {},
  wrap: readonly string[] = [],
): Promise<ServerProcess & AsyncDisposable> {
  const server = await spawnServer(options, wrap);
  return {
    ...server,
    async [Symbol.asyncDispose]() {
      await server.stop();
    },
  };
}

/** How many descriptors a server in another process has open. */
export const descriptorsOf = (server: ServerProcess): number =>
  readdirSync(`/proc/${server.pid}/fd`).length;

/** `/stats` of a server in another process. */
export async function statsOf(server: { readonly http: string }): Promise<ServerStats> {
  const response = await fetch(`${server.http}/stats`, { signal: AbortSignal.timeout(10_000) });
  return (await response.json()) as ServerStats;
}

/** The only worker. */
export function workerOf(stats: ServerStats): WorkerStats {
  const [worker] = stats.workers;
  if (worker === undefined) throw new Error('there is no worker');
  return worker;
}

/** What the only worker has counted. */
export const countersOf = (stats: ServerStats): WorkerStats['counters'] => workerOf(stats).counters;
