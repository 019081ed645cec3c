import type { ErrorCode } from '../errors.ts';
import type { MessageRecord } from '../protocol/messages.ts';
import type { OpenedRoom } from './port.ts';

/** One worker, as the log's thread sees it. */
export interface Subscriber {
  /** Triples of token, offset and whether it is a duplicate (1 or 0). */
  acknowledged(triples: readonly number[]): void;
  refused(tokens: readonly number[], code: ErrorCode, retry_after_ms: number): void;
  /** Only without a `Spreader`: records of a room this worker has open. */
  committed(room: string, epoch: string, records: readonly MessageRecord[]): void;
  /** Why nothing is accepted; undefined when it is again. */
  troubled(reason: string | undefined): void;
}

/** Memory that all workers read, where the log's thread puts records for all of them at once. */
export interface Spreader {
  open(room: string, start: OpenedRoom): void;
  /** Of one batch. Rooms that are not open here are not named. */
  append(
    batch: readonly { readonly room: string; readonly records: readonly MessageRecord[] }[],
  ): void;
  close(room: string): void;
}

export interface GroupCommitOptions {
  /** Records a room begins with in the hub. */
  readonly history_records_max: number;
  readonly history_bytes_max: number;
  /** Size of the texts of one answer to `read`. */
  readonly replay_bytes_max: number;
  /** What is kept of each room; 0: any number. */
  readonly log_records_max: number;
  /** 0: any age. */
  readonly log_age_ms_max: number;
  /** How long to wait after a failure before the database is tried again. */
  readonly reconnect_interval_ms?: number;
  readonly prune_interval_ms?: number;
  readonly spreader?: Spreader;
  /** It lost what it had acknowledged: this process must not go on. */
  readonly onLost: (error: Error) => void;
  readonly now_ms?: () => number;
}

/** A batch holds up everything behind it: so many records take some 5 ms to commit. */
export const BATCH_RECORDS_MAX = 500;
export const BATCH_BYTES_MAX = 8 * 1_024 * 1_024;
/** Batches without any, after one that held a publish sent again. */
export const LOOKUPS_AFTER_DUPLICATE = 20;
/** Told to whoever is refused because the database fails. */
export const TROUBLE_RETRY_MS = 1_000;
/** Reads between two batches: publishers wait for them. */
export const READS_MS_MAX = 5;
export const RECONNECT_INTERVAL_MS = 250;
export const RECONNECT_INTERVAL_MS_MAX = 4_000;
export const PRUNE_INTERVAL_MS = 30_000;
/** One step of letting go, between two batches. */
export const PRUNE_STEP_RECORDS = 500;
export const PRUNE_STEP_ROOMS = 50;
