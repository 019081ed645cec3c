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

/** All workers together, and the hub they share. */
export function totalsOf({ workers, hub }: ServerStats) {
  const totals: Record<string, unknown> = {};
  for (const { worker: _, ...numbers } of workers) addInto(totals, numbers);
  return { ...(totals as Omit<WorkerStats, 'worker'>), hub };
}

/** What all workers have counted together. */
export const countersOf = (stats: ServerStats): WorkerStats['counters'] => totalsOf(stats).counters;

function addInto(totals: Record<string, unknown>, numbers: object): void {
  for (const [name, value] of Object.entries(numbers)) {
    if (typeof value === 'number') {
      totals[name] = Number(totals[name] ?? 0) + value;
    } else {
      const inner = (totals[name] ?? {}) as Record<string, unknown>;
      totals[name] = inner;
      addInto(inner, value);
    }
  }
}
