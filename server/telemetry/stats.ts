import type { HubCounters, HubKind } from '../hub/port.ts';
import type { WorkerCounters } from './counters.ts';

/** One worker as it stands: what `/stats` shows and `/metrics` is made of. */
export interface WorkerStats {
  readonly worker: number;
  readonly connections: number;
  readonly publishes_in_flight: number;
  readonly hub: HubCounters;
  readonly counters: WorkerCounters;
}

/** The server as it stands. Times are ISO 8601; `uptime_s` is in seconds. */
export interface ServerStats {
  readonly version: string;
  readonly bun: string;
  readonly started_at: string;
  readonly uptime_s: number;
  readonly ready: boolean;
  readonly hub: HubKind;
  readonly log: string;
  readonly workers: readonly WorkerStats[];
}
