/** What the benchmark reads of the server's `/stats`, summed over its workers. */
export interface ServerGauges {
  readonly connections: number;
  readonly rooms: number;
  readonly members: number;
  readonly history_bytes: number;
  readonly publishes_in_flight: number;
  /** How connections ended, by cause. */
  readonly closed: Readonly<Record<string, number>>;
}

interface WorkerStats {
  readonly connections: number;
  readonly publishes_in_flight: number;
  readonly counters: Pick<ServerGauges, 'closed'>;
}

interface ServerStats {
  readonly hub: Pick<ServerGauges, 'rooms' | 'members' | 'history_bytes'>;
  readonly workers: readonly WorkerStats[];
}

async function readStats(port: number): Promise<ServerStats> {
  const response = await fetch(`http://127.0.0.1:${port}/stats`);
  if (!response.ok) throw new Error(`/stats answered ${response.status}`);
  return (await response.json()) as ServerStats;
}

/** @throws Error when the server does not answer with its statistics */
export const connectionsByWorker = async (port: number): Promise<readonly number[]> =>
  (await readStats(port)).workers.map(({ connections }) => connections);

/** @throws Error when the server does not answer with its statistics */
export async function readGauges(port: number): Promise<ServerGauges> {
  const { hub, workers } = await readStats(port);
  const sum = (of: (worker: WorkerStats) => number): number =>
    workers.reduce((total, worker) => total + of(worker), 0);
  const closed: Record<string, number> = {};
  for (const { counters } of workers) {
    for (const [cause, count] of Object.entries(counters.closed)) {
      closed[cause] = (closed[cause] ?? 0) + count;
    }
  }
  return {
    connections: sum(({ connections }) => connections),
    rooms: hub.rooms,
    members: hub.members,
    history_bytes: hub.history_bytes,
    publishes_in_flight: sum(({ publishes_in_flight }) => publishes_in_flight),
    closed,
  };
}
