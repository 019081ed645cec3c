import { recoveryFigures } from '../figures.ts';
import type { Play } from '../stage.ts';
import { connectCrowd, trafficOf } from './crowd.ts';
import { observedTraffic } from './traffic.ts';

/** Traffic among those who stay, while others come and go. */
export const churn: Play = async (stage) => {
  const crowd = await connectCrowd(stage);
  const report = await stage.engine.run({ ...trafficOf(stage), comers: stage.plan.others });
  const observed = observedTraffic(stage, crowd, report);
  const { churn: coming } = report;
  if (coming === undefined)
    throw new Error('the load engine says nothing of those who come and go');
  return {
    ...observed,
    figures: {
      ...observed.figures,
      reconnects_per_s: (coming.cycles * 1_000) / observed.window_ms,
      ...recoveryFigures(coming.recovery_us),
    },
    faults:
      coming.failed === 0
        ? observed.faults
        : [...observed.faults, `${coming.failed} could not come back: ${coming.failure}`],
  };
};
