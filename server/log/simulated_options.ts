import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

/** What goes wrong, and how often: probabilities from 0 to 1, each of one publish unless said. */
export interface SimulatedFaults {
  /** How long a batch, an answer, a delivery, an `open` or a `read` takes. */
  readonly delay_ms_min: number;
  readonly delay_ms_max: number;
  /** Publishes committed at once, at most. */
  readonly batch_records_max: number;
  /** The offset skips up to `hole_size_max` places. */
  readonly hole_probability: number;
  readonly hole_size_max: number;
  /** Of one delivery: some records that came before come again with it, or alone. */
  readonly duplicate_probability: number;
  /** Refused as `unavailable`, with `retry_after_ms`. */
  readonly refusal_probability: number;
  readonly retry_after_ms: number;
  /** Refused as `unknown_outcome`: a third is committed already, a third will be, a third is not. */
  readonly unknown_probability: number;
  /** Committed, and never answered. */
  readonly lost_answer_probability: number;
  /** Of one `open`. */
  readonly open_failure_probability: number;
  /** Of one `read`. */
  readonly read_failure_probability: number;
}

export interface SimulatedOptions extends SimulatedFaults {
  readonly seed: number;
  /** Unanswered tokens, over all rooms. */
  readonly queue_max: number;
  /** Records each room remembers. */
  readonly recovery_records: number;
  /** The newest records that `open` answers. */
  readonly tail_records_max: number;
  readonly idempotency_ids_max: number;
  /** The offset that a new room's first record comes after. */
  readonly offset_start?: number;
  /** Milliseconds since 1970: what records carry as `timestamp`. */
  readonly now_ms?: () => number;
  readonly scheduler?: Scheduler;
}

const bounds = {
  queue_max: 10_000,
  recovery_records: 10_000,
  tail_records_max: 100,
  idempotency_ids_max: 1_000,
};

/** An engine on a good day: it takes its time, leaves a hole now and then, and keeps its word. */
export const gentle = {
  ...bounds,
  delay_ms_min: 1,
  delay_ms_max: 5,
  batch_records_max: 256,
  hole_probability: 0.01,
  hole_size_max: 2,
  duplicate_probability: 0.01,
  refusal_probability: 0,
  retry_after_ms: 100,
  unknown_probability: 0,
  lost_answer_probability: 0,
  open_failure_probability: 0,
  read_failure_probability: 0,
} as const satisfies Omit<SimulatedOptions, 'seed'>;

/** An engine that fails over all day, in every way the port allows. */
export const nasty = {
  ...bounds,
  delay_ms_min: 0,
  delay_ms_max: 40,
  batch_records_max: 512,
  hole_probability: 0.2,
  hole_size_max: 1_000,
  duplicate_probability: 0.3,
  refusal_probability: 0.05,
  retry_after_ms: 50,
  unknown_probability: 0.05,
  lost_answer_probability: 0.05,
  open_failure_probability: 0.2,
  read_failure_probability: 0.2,
} as const satisfies Omit<SimulatedOptions, 'seed'>;

export type Outcome =
  | 'committed'
  | 'committed, answer lost'
  | 'refused'
  | 'unknown, committed'
  | 'unknown, committed later'
  | 'unknown, gone';

/** What happens to one publish, settled before it is tried. */
export interface Fate {
  readonly outcome: Outcome;
  /** Offsets left out before it. */
  readonly hole: number;
}

/** Always draws as often, so that the next publish's fate does not depend on this one's. */
export function drawFate(random: Random, faults: SimulatedFaults): Fate {
  const outcome = drawOutcome(random.next(), random.between(1, 3), faults);
  const has_hole = random.chance(faults.hole_probability);
  const hole_size = random.between(1, faults.hole_size_max);
  return { outcome, hole: has_hole ? hole_size : 0 };
}

function drawOutcome(roll: number, third: number, faults: SimulatedFaults): Outcome {
  const refused = faults.refusal_probability;
  const lost = refused + faults.lost_answer_probability;
  const unknown = lost + faults.unknown_probability;
  if (roll < refused) return 'refused';
  if (roll < lost) return 'committed, answer lost';
  if (roll >= unknown) return 'committed';
  if (third === 1) return 'unknown, committed';
  return third === 2 ? 'unknown, committed later' : 'unknown, gone';
}
