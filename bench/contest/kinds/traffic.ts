import type { TrafficReport } from '../../load/port.ts';
import { faultsOf, voidReasons } from '../../report/validity.ts';
import { crowdFigures, trafficFigures } from '../figures.ts';
import type { Observed, Play, Stage } from '../stage.ts';
import { connectCrowd, trafficOf } from './crowd.ts';

type Crowd = Observed['crowd'];

/** A crowd joins, then some of it speaks at a rate. */
export const traffic: Play = async (stage) => {
  const crowd = await connectCrowd(stage);
  return observedTraffic(stage, crowd, await stage.engine.run(trafficOf(stage)));
};

/** What a run of traffic shows, judged as its plan wants it. */
export function observedTraffic(stage: Stage, crowd: Crowd, report: TrafficReport): Observed {
  return {
    crowd,
    figures: { ...crowdFigures(crowd), ...trafficFigures(report, sendingSeconds(stage)) },
    messages: report.window.deliveries,
    window_ms: report.window.elapsed_ms,
    latency_us: report.latency_us,
    errors: report.errors,
    ...judged(stage, crowd, report),
  };
}

/** How long the client is to send, warm-up included. */
export const sendingSeconds = ({ plan }: Stage): number => plan.warmup + plan.duration;

/** Whether a run counts, and what the server did wrong: less is wrong where loss is expected. */
export function judged(
  stage: Stage,
  crowd: Crowd,
  report: TrafficReport,
): Pick<Observed, 'void_reasons' | 'faults'> {
  const evidence = {
    crowd,
    report: stage.plan.tolerates_loss ? forgiven(report) : report,
    planned_ms: sendingSeconds(stage) * 1_000,
    clock: stage.clock.read(),
  };
  return { void_reasons: voidReasons(evidence), faults: faultsOf(evidence) };
}

/** What is overrun takes no more, drops, cuts and takes long: none of that is the client's doing. */
const forgiven = (report: TrafficReport): TrafficReport => ({
  ...report,
  ...{ planned: report.sent, lost: 0, gaps: 0, disconnected: 0, errors: {}, elapsed_ms: 0 },
});
