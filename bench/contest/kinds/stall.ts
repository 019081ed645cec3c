import type { Play } from '../stage.ts';
import { connectCrowd, trafficOf } from './crowd.ts';
import { observedTraffic } from './traffic.ts';

/** Traffic while everybody reads, then while some do not: what do the others notice? */
export const stall: Play = async (stage) => {
  const crowd = await connectCrowd(stage);
  const before = observedTraffic(stage, crowd, await stage.engine.run(trafficOf(stage)));
  const report = await stage.engine.run({ ...trafficOf(stage), stalled: stage.plan.others });
  const beside = observedTraffic(stage, crowd, report);
  const p99_before_ms = before.figures.latency_p99_ms;
  const p99_beside_ms = beside.figures.latency_p99_ms;
  return {
    ...beside,
    void_reasons: [...before.void_reasons, ...beside.void_reasons],
    faults: [...before.faults, ...beside.faults],
    figures: {
      ...beside.figures,
      stalled_cut: report.stalled?.closed ?? 0,
      ...(p99_before_ms === undefined || p99_beside_ms === undefined
        ? undefined
        : { stalled_p99_ratio: p99_beside_ms / p99_before_ms }),
    },
  };
};
