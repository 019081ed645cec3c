import { randomBytes } from 'node:crypto';
import type { HubLimits } from '../port.ts';
import type { Addon } from './addon.ts';

export interface NativeHubLimits extends HubLimits {
  readonly idempotency_ids_max: number;
  /** Everything that rooms hold in native memory. */
  readonly pool_bytes_max: number;
}

/**
 * Makes a native hub for `workers` threads of this process.
 * @returns its number: any thread opens a `Door` to it with that
 */
export function openNativeHub(addon: Addon, limits: NativeHubLimits, workers: number): number {
  return addon.openHub(
    Float64Array.of(
      workers,
      limits.flush_interval_ms,
      limits.batch_bytes_max,
      limits.batch_records_max,
      limits.history_records_max,
      limits.history_bytes_max,
      limits.history_age_ms_max,
      limits.pending_bytes_max,
      limits.joined_users_max,
      limits.idempotency_ids_max,
      limits.pool_bytes_max,
      randomNumber(),
      randomNumber(),
    ),
  );
}

/** Bytes a batch may take in the outputs: full, with a separator for each record. */
export const batchBytes = (limits: HubLimits): number =>
  limits.batch_bytes_max + limits.batch_records_max;

/** 48 random bits: the hub hashes names with it, so that nobody can choose some that collide. */
const randomNumber = (): number => randomBytes(6).readUIntBE(0, 6);
