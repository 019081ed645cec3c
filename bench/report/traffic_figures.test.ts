import { expect, test } from 'bun:test';
import { Histogram } from '../load/histogram.ts';
import { madeUpReport } from './made_up_report.ts';
import { figuresOf } from './traffic_figures.ts';

const latency = new Histogram();
for (let value = 1; value <= 100; value += 1) latency.record(value * 1_000);

const REPORT = madeUpReport(latency.snapshot());

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
