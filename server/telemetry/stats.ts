import type { HubCounters, HubKind } from '../hub/port.ts';
import { type CounterBoard, seen, type UpgradeRefusal, type WorkerCounters } from './counters.ts';

/** One worker as it stands. */
export interface WorkerStats {
  readonly worker: number;
  readonly connections: number;
  readonly publishes_in_flight: number;
  readonly counters: Omit<
    WorkerCounters,
    'connections' | 'publishes_in_flight' | 'closed' | 'upgrades_refused'
  > & {
    /** Only causes that came up. */
    readonly closed: Readonly<Record<string, number>>;
    readonly upgrades_refused: Readonly<Record<UpgradeRefusal, number>>;
  };
}

/** What carries rooms, for all workers together. */
export interface HubStats extends HubCounters {
  readonly kind: HubKind;
  /** Why it is the TypeScript hub although nobody asked for that one. */
  readonly fallback?: string;
  /** What the rooms of the native hub hold, of `pool_bytes_max`. */
  readonly pool_bytes?: number;
}

/** The server as it stands, from whichever worker. Times are ISO 8601; `uptime_s` is in seconds. */
export interface ServerStats {
  readonly version: string;
  readonly bun: string;
  readonly started_at: string;
  readonly uptime_s: number;
  readonly ready: boolean;
  readonly log: string;
  /** Why publishes are refused now. */
  readonly log_trouble?: string;
  readonly hub: HubStats;
  readonly workers: readonly WorkerStats[];
}

/** @returns a copy: it does not go on counting */
export const workerStats = (board: CounterBoard): WorkerStats[] =>
  board.all().map(({ connections, publishes_in_flight, ...counters }, worker) => ({
    worker,
    connections,
    publishes_in_flight,
    counters: {
      ...counters,
      closed: seen(counters.closed),
      upgrades_refused: { ...counters.upgrades_refused },
    },
  }));
