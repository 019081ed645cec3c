import { Histogram } from '../load/histogram.ts';
import { NO_FAULT } from '../load/no_fault.ts';
import type { TrafficReport } from '../load/port.ts';
import { figuresOf } from '../report/traffic_figures.ts';
import type { Measurement } from './session.ts';

/** Runs that nobody measured, for tests of what is made of them. */

export interface MadeUp {
  readonly cpu_ms?: number;
  readonly latency_ms?: number;
  readonly report?: Partial<TrafficReport>;
  readonly void_reasons?: readonly string[];
  readonly faults?: readonly string[];
}

const DELIVERIES = 1_000_000;

export function madeUpRun(server: string, run: MadeUp = {}): Measurement {
  const { cpu_ms = 1_000, latency_ms = 5, void_reasons = [], faults = [] } = run;
  const latency = new Histogram();
  latency.record(latency_ms * 1_000);
  const report: TrafficReport = {
    planned: 10_000,
    sent: 10_000,
    expected_deliveries: DELIVERIES,
    deliveries: DELIVERIES,
    ...NO_FAULT,
    errors: {},
    elapsed_ms: 5_000,
    window: {
      elapsed_ms: 5_000,
      deliveries: DELIVERIES,
      frames: DELIVERIES,
      bytes: 219 * DELIVERIES,
      client_cpu_ms: 1_000,
      client_waited_ms: 0,
      server: { cpu_ms, waited_ms: 0, rss_bytes: 2 ** 26 },
    },
    latency_us: latency.snapshot(),
    send_lag_us: new Histogram().snapshot(),
    ...run.report,
  };
  return { server, figures: figuresOf(report), report, void_reasons, faults, beside: undefined };
}
