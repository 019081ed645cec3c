import { expect, test } from 'bun:test';
import { Histogram } from '../load/histogram.ts';
import { NO_FAULT } from '../load/no_fault.ts';
import type { TrafficReport } from '../load/port.ts';
import { figuresOf } from './traffic_figures.ts';

const latency = new Histogram();
for (let value = 1; value <= 100; value += 1) latency.record(value * 1_000);

const REPORT: TrafficReport = {
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
  latency_us: latency.snapshot(),
  send_lag_us: new Histogram().snapshot(),
};

test('figures come from the window alone', () => {
  expect(figuresOf(REPORT)).toEqual({
    cpu_us_per_delivery: 50,
    deliveries_per_second: 8_000,
    bytes_per_delivery: 200,
    messages_per_frame: 4,
    latency_p50_ms: expect.closeTo(50, 0),
    latency_p99_ms: expect.closeTo(99, 0),
    latency_max_ms: 100,
    rss_mib: 64,
    server_cpu_share: 0.4,
    server_waited_share: 0.02,
    client_cpu_share: 0.2,
    client_waited_share: 0.03,
  });
});
