import { UsageError } from '../../command/options.ts';
import { crowdFigures, trafficFigures } from '../figures.ts';
import type { Play } from '../stage.ts';
import { connectCrowd, trafficOf } from './crowd.ts';
import { judged, sendingSeconds } from './traffic.ts';

/** Every client sends, and gets back what it has sent, in whatever order. */
export const echo: Play = async (stage) => {
  const { engine, plan, server } = stage;
  if (server.echo === undefined)
    throw new UsageError('a server without an echo path takes no part');
  const crowd = await connectCrowd(stage, { target: server.echo, encoding: 'json', joins: false });
  const { rate, payload_bytes, warmup_ms, duration_ms, server_pid } = trafficOf(stage);
  const report = await engine.echo({
    ...{ rate, payload_bytes, warmup_ms, duration_ms, format: plan.opcode },
    ...(server_pid === undefined ? undefined : { server_pid }),
  });
  // What came back wrong is what `foreign` is elsewhere; order means nothing here.
  const whole = { ...report, foreign: report.mismatched, reordered: 0, gaps: 0, orders: 1 };
  return {
    crowd,
    figures: { ...crowdFigures(crowd), ...trafficFigures(whole, sendingSeconds(stage)) },
    messages: report.window.deliveries,
    window_ms: report.window.elapsed_ms,
    latency_us: report.latency_us,
    errors: report.errors,
    ...judged(stage, crowd, whole),
  };
};
