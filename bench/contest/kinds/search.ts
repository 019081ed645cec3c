import { Histogram } from '../../load/histogram.ts';
import type { TrafficReport } from '../../load/port.ts';
import type { Trial } from '../../report/document.ts';
import { isSaturated } from '../../report/validity.ts';
import type { Observed, Play, Stage } from '../stage.ts';
import { connectCrowd, trafficOf } from './crowd.ts';
import { judged, observedTraffic } from './traffic.ts';

const DROP_PERCENT_MAX = 0.1;
const P99_MS_MAX = 50;
const SENT_PERCENT_MIN = 99;

/** In the dark rates double; near what an earlier run has found they grow by little. */
const STEP = 2;
const STEP_NEAR = 1.15;
/** Where to begin, of what an earlier run has found. */
const BEGIN_NEAR = 0.85;
/** How close the highest rate that holds and the lowest that does not have to come. */
const PRECISION = 1.05;
/** Doubled this often from one message a second, any rate is past what one core can do. */
const TRIALS_MAX = 40;

interface Attempt {
  readonly trial: Trial;
  readonly observed: Observed;
  /** The load client was busier than it may be: what the server bears beyond that cannot be told. */
  readonly isClientFull: boolean;
}

/** The highest rate that held, and whether the client was what kept it from being higher. */
interface Highest {
  readonly best: Attempt;
  readonly isAtLeast: boolean;
}

/**
 * Tries rates until the highest is found that the server sustains: less than 0.1 % lost, p99 below
 * 50 ms, everything taken. What that trial has shown is what the run has shown.
 */
export const search: Play = async (stage) => {
  const crowd = await connectCrowd(stage);
  const trials: Trial[] = [];
  const attempt = async (rate: number): Promise<Attempt> => {
    const report = await stage.engine.run({ ...trafficOf(stage), rate });
    const trial = trialOf(report, (rate * stage.rung.clients) / stage.rung.rooms);
    trials.push(trial);
    const isClientFull = isSaturated(report);
    // Some loss is what a search allows, and waiting for what is lost takes its time.
    const allowed = { ...report, lost: 0, gaps: 0, elapsed_ms: 0 };
    const verdict = judged(stage, crowd, allowed);
    return {
      trial,
      observed: { ...observedTraffic(stage, crowd, report), ...verdict },
      isClientFull,
    };
  };
  const found = await highest(stage, twice(attempt));
  if (found === undefined) {
    const { observed } = await attempt(stage.rung.rate);
    return { ...observed, faults: [...observed.faults, 'sustains no rate that was tried'], trials };
  }
  const { observed, trial } = found.best;
  return {
    ...observed,
    sustains_more: found.isAtLeast,
    figures: { ...observed.figures, sustained_per_s: trial.delivered_per_s },
    trials,
  };
};

/** One bad second of the machine is no limit of the server: a rate that fails is tried again. */
const twice =
  (attempt: (rate: number) => Promise<Attempt>) =>
  async (rate: number): Promise<Attempt> => {
    const first = await attempt(rate);
    return holds(first) || first.isClientFull ? first : attempt(rate);
  };

const holds = ({ trial, isClientFull }: Attempt): boolean => trial.sustained && !isClientFull;

/** @returns undefined when no rate held */
async function highest(
  { rung, sustained_before }: Stage,
  attempt: (rate: number) => Promise<Attempt>,
): Promise<Highest | undefined> {
  const isNear = sustained_before !== undefined;
  const step = isNear ? STEP_NEAR : STEP;
  const known = isNear ? (sustained_before * BEGIN_NEAR * rung.rooms) / rung.clients : rung.rate;
  let best: Attempt | undefined;
  let isAtLeast = false;
  let held = 0;
  let failed = Number.POSITIVE_INFINITY;
  let rate = known;
  for (let trials = 0; trials < TRIALS_MAX && failed / held > PRECISION; trials += 1) {
    const now = await attempt(rate);
    if (holds(now)) {
      held = rate;
      best = now;
    } else {
      failed = rate;
      isAtLeast = now.trial.sustained;
    }
    if (failed === Number.POSITIVE_INFINITY) rate = held * step;
    else if (held === 0) rate = failed / step;
    else rate = Math.sqrt(held * failed);
    if (rate < 1) return undefined;
  }
  return best === undefined ? undefined : { best, isAtLeast };
}

function trialOf(report: TrafficReport, offered_per_s: number): Trial {
  const { window, lost, expected_deliveries, sent, planned } = report;
  const latency_p99_ms = Histogram.of([report.latency_us]).percentile(99) / 1_000;
  const drop_percent = expected_deliveries === 0 ? 100 : (lost * 100) / expected_deliveries;
  const sent_percent = (sent * 100) / planned;
  return {
    offered_per_s,
    delivered_per_s: (window.deliveries * 1_000) / window.elapsed_ms,
    drop_percent,
    latency_p99_ms,
    sustained:
      sent_percent >= SENT_PERCENT_MIN &&
      drop_percent < DROP_PERCENT_MAX &&
      latency_p99_ms < P99_MS_MAX &&
      report.disconnected === 0,
  };
}
