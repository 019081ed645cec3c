import { Histogram } from '../../load/histogram.ts';
import { cpuTime_ms, residentBytes } from '../../process/usage.ts';
import { crowdFigures } from '../figures.ts';
import type { Play } from '../stage.ts';
import { connectCrowd } from './crowd.ts';

/** A crowd joins and is silent: what connections cost when nothing is said. */
export const idle: Play = async (stage) => {
  const { plan, rung, server } = stage;
  const { pid } = server;
  const before = pid === undefined ? undefined : residentBytes(pid);
  const crowd = await connectCrowd(stage);
  await Bun.sleep(plan.warmup * 1_000);
  const cpu_before_ms = pid === undefined ? 0 : cpuTime_ms(pid);
  const started_ms = performance.now();
  await Bun.sleep(plan.duration * 1_000);
  const window_ms = performance.now() - started_ms;
  return {
    crowd,
    figures: {
      ...crowdFigures(crowd),
      ...(pid === undefined || before === undefined
        ? undefined
        : {
            memory_per_connection_kib: (residentBytes(pid) - before) / 1_024 / rung.clients,
            server_cpu_percent: ((cpuTime_ms(pid) - cpu_before_ms) * 100) / window_ms,
          }),
    },
    messages: 0,
    window_ms,
    latency_us: new Histogram().snapshot(),
    errors: {},
    void_reasons: [],
    faults: crowd.failed > 0 ? [`${crowd.failed} members could not join: ${crowd.failure}`] : [],
  };
};
