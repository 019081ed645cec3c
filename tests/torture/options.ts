import type { Config } from '../../server/config/options.ts';

/** Limits out of the way, and short waits, so that what is tested happens often. */
export const TORTURE_OPTIONS: Partial<Config> = {
  rate_limit: 0,
  command_rate_limit: 0,
  publishes_in_flight_max: 10_000,
  publish_timeout_ms: 1_000,
  history_records_max: 1_000,
  idempotency_ids_max: 100_000,
};
