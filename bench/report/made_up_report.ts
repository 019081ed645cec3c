import { Histogram, type HistogramSnapshot } from '../load/histogram.ts';
import { NO_FAULT } from '../load/no_fault.ts';
import type { TrafficReport } from '../load/port.ts';

/** For tests: a run in which everything went well. */
export const madeUpReport = (latency_us: HistogramSnapshot): TrafficReport => ({
  planned: 1_000,
  sent: 1_000,
  expected_deliveries: 10_000,
  deliveries: 10_000,
  ...NO_FAULT,
  errors: {},
  elapsed_ms: 1_050,
  window: {
    elapsed_ms: 1_000,
    deliveries: 8_000,
    frames: 2_000,
    bytes: 1_600_000,
    client_cpu_ms: 200,
    client_waited_ms: 30,
    server: { cpu_ms: 400, waited_ms: 20, rss_bytes: 64 * 2 ** 20 },
  },
  latency_us,
  send_lag_us: new Histogram().snapshot(),
});
