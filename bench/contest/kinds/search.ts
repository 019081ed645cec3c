import { Histogram } from '../../load/histogram.ts';
import type { TrafficReport } from '../../load/port.ts';
import type { Trial } from '../../report/document.ts';
import type { Observed, Play, Stage } from '../stage.ts';
import { connectCrowd, trafficOf } from './crowd.ts';
import { observedTraffic } from './traffic.ts';

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
    return { trial, observed: observedTraffic(stage, crowd, report) };
  };
  const best = await highest(stage, twice(attempt));
  if (best === undefined) {
    const { observed } = await attempt(stage.rung.rate);
    return { ...observed, faults: [...observed.faults, 'sustains no rate that was tried'], trials };
  }
  const { observed, trial } = best;
  return {
    ...observed,
    figures: { ...observed.figures, sustained_per_s: trial.delivered_per_s },
    trials,
  };
};

/** One bad second of the machine is no limit of the server: who fails is asked again. */
const twice =
  (attempt: (rate: number) => Promise<Attempt>) =>
  async (rate: number): Promise<Attempt> => {
    const first = await attempt(rate);
    return first.trial.sustained ? first : attempt(rate);
  };

/** @returns the attempt at the highest rate that held; undefined when none did */
async function highest(
  { rung, sustained_before }: Stage,
  attempt: (rate: number) => Promise<Attempt>,
): Promise<Attempt | undefined> {
  const isNear = sustained_before !== undefined;
  const step = isNear ? STEP_NEAR : STEP;
  const known = isNear ? (sustained_before * BEGIN_NEAR * rung.rooms) / rung.clients : rung.rate;
  let best: Attempt | undefined;
  let held = 0;
  let failed = Number.POSITIVE_INFINITY;
  let rate = known;
  for (let trials = 0; trials < TRIALS_MAX && failed / held > PRECISION; trials += 1) {
    const now = await attempt(rate);
    if (now.trial.sustained) {
      held = rate;
      best = now;
      // Beyond this the client would be what is measured.
      if (now.observed.void_reasons.length > 0) return now;
    } else {
      failed = rate;
    }
    if (failed === Number.POSITIVE_INFINITY) rate = held * step;
    else if (held === 0) rate = failed / step;
    else rate = Math.sqrt(held * failed);
    if (rate < 1) return undefined;
  }
  return best;
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
