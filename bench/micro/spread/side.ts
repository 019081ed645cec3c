import { OPTIONS } from '../../../server/config/options.ts';
import type { HubLimits } from '../../../server/hub/port.ts';
import type { Encoding } from '../../../server/protocol/encoding.ts';
import type { Draft } from '../../../server/protocol/messages.ts';

/** One way from a draft to the frames of its room, with everything a server keeps on the way. */
export interface Side {
  /** Opens a room with one member in it who speaks the encoding. */
  open(room: string, encoding: Encoding): Promise<void>;
  submit(room: string, draft: Draft, token: number): void;
  /** The end of the turn: hands every frame to the outlet. */
  flush(): void;
  close(): void;
}

export type MakeSide = (outlet: Outlet) => Side;

/**
 * Stands where `server.publish` would. Every side has a process of its own, so that what one hands in
 * here does not decide how the code of another is compiled.
 */
export class Outlet {
  frames = 0;
  messages = 0;
  acknowledged = 0;
  /** What publishing would read: a string is made flat by it, whoever has put that off. */
  checksum = 0;

  publish(data: string | Uint8Array, count: number): void {
    this.frames += 1;
    this.messages += count;
    this.checksum += typeof data === 'string' ? data.charCodeAt(data.length - 1) : data.length;
  }
}

/** The server's own limits. Everything leaves with its turn: turns, not windows, are measured. */
export const LIMITS: HubLimits = {
  flush_interval_ms: 0,
  batch_bytes_max: OPTIONS.batch_bytes_max.default,
  batch_records_max: OPTIONS.batch_records_max.default,
  history_records_max: OPTIONS.history_records_max.default,
  history_bytes_max: OPTIONS.history_bytes_max.default,
  history_age_ms_max: OPTIONS.history_age_ms_max.default,
  pending_bytes_max: OPTIONS.pending_bytes_max.default,
  joined_users_max: 100,
};
export const IDEMPOTENCY_IDS_MAX: number = OPTIONS.idempotency_ids_max.default;
export const POOL_BYTES_MAX = 512 * 1_024 * 1_024;

export const MEMBER = { user_id: 'member', username: 'member' };
