import { Histogram } from '../../load/histogram.ts';
import { crowdFigures, recoveryFigures } from '../figures.ts';
import type { Play } from '../stage.ts';
import { connectCrowd, connectDeadline_ms } from './crowd.ts';

/** All connections of a crowd are lost at once, and everybody comes back at once. */
export const storm: Play = async (stage) => {
  const crowd = await connectCrowd(stage);
  const { failed, failure, elapsed_ms, recovery_us } = await stage.engine.storm({
    timeout_ms: connectDeadline_ms(stage),
  });
  const recovery = Histogram.of([recovery_us]);
  const faults = [
    ...(crowd.failed > 0 ? [`${crowd.failed} members could not join: ${crowd.failure}`] : []),
    ...(failed > 0 ? [`${failed} members could not come back: ${failure}`] : []),
  ];
  return {
    crowd,
    figures: {
      ...crowdFigures(crowd),
      ...recoveryFigures(recovery_us),
      recovery_all_ms: elapsed_ms,
      reconnects_per_s: (recovery.count * 1_000) / elapsed_ms,
    },
    messages: 0,
    window_ms: elapsed_ms,
    latency_us: new Histogram().snapshot(),
    errors: {},
    void_reasons: [],
    faults,
  };
};
