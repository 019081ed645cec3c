import type { Hub } from '../hub/port.ts';
import type { Log } from '../log/port.ts';
import type { PendingPublishes } from './pending.ts';

export interface RoomLimits {
  readonly presence_interval_ms: number;
  readonly presence_names_max: number;
  readonly workers: number;
  readonly log_timeout_ms: number;
  readonly replay_records_max: number;
  /** Of their text: a replay is one frame, and must not make its reader a slow one. */
  readonly replay_bytes_max: number;
}

/** What rooms work with, one set for all rooms of a worker. */
export interface RoomContext {
  readonly log: Log;
  readonly hub: Hub;
  readonly pending: PendingPublishes;
  readonly limits: RoomLimits;
  /** The room has begun to gather changes of presence to announce. */
  readonly presenceChanged: (room: string) => void;
  /** The room may have become empty, or stopped being so. */
  readonly occupancyChanged: (room: string) => void;
}
