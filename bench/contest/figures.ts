import type { NativeCrowdReport } from '../load/engine.ts';
import { Histogram, type HistogramSnapshot } from '../load/histogram.ts';
import type { TrafficReport } from '../load/port.ts';
import type { Figures } from '../report/metrics.ts';

const ms = (us: number): number => us / 1_000;
const percent = (part: number, whole: number): number => (whole === 0 ? 0 : (part * 100) / whole);

/** How members came in. */
export function crowdFigures(crowd: NativeCrowdReport): Figures {
  const connect = Histogram.of([crowd.connect_us]);
  return {
    connected_percent: percent(crowd.joined, crowd.joined + crowd.failed),
    connect_p50_ms: ms(connect.percentile(50)),
    connect_p99_ms: ms(connect.percentile(99)),
  };
}

function latencyFigures(latency_us: HistogramSnapshot): Figures {
  const latency = Histogram.of([latency_us]);
  if (latency.count === 0) return {};
  return {
    latency_mean_ms: ms(latency.mean),
    latency_p50_ms: ms(latency.percentile(50)),
    latency_p90_ms: ms(latency.percentile(90)),
    latency_p95_ms: ms(latency.percentile(95)),
    latency_p99_ms: ms(latency.percentile(99)),
    latency_p999_ms: ms(latency.percentile(99.9)),
    latency_min_ms: ms(latency.min),
    latency_max_ms: ms(latency.max),
  };
}

/** How those who had lost their connection came back. */
export function recoveryFigures(recovery_us: HistogramSnapshot): Figures {
  const recovery = Histogram.of([recovery_us]);
  return {
    recovery_p50_ms: ms(recovery.percentile(50)),
    recovery_p99_ms: ms(recovery.percentile(99)),
  };
}

/**
 * What a run of traffic or echoes says, besides memory.
 * @param sending_s how long the client was to send, warm-up included
 */
export function trafficFigures(report: TrafficReport, sending_s: number): Figures {
  const { window, sent, planned, expected_deliveries } = report;
  const seconds = window.elapsed_ms / 1_000;
  const errors = Object.values(report.errors).reduce((sum, count) => sum + count, 0);
  const { server, bytes_in, bytes_out } = window;
  return {
    throughput_per_s: window.deliveries / seconds,
    sent_per_s: sent / sending_s,
    bytes_per_delivery: window.bytes / window.deliveries,
    ...latencyFigures(report.latency_us),
    drop_percent: percent(report.lost, expected_deliveries),
    duplicated: report.duplicated,
    reordered: report.reordered,
    mismatched: report.foreign,
    error_percent: percent(errors, sent),
    disconnected: report.disconnected,
    ...(server === undefined
      ? undefined
      : {
          cpu_us_per_delivery: (server.cpu_ms * 1_000) / window.deliveries,
          server_cpu_percent: percent(server.cpu_ms, window.elapsed_ms),
        }),
    ...(bytes_in === undefined || bytes_out === undefined
      ? undefined
      : { network_mib_per_s: (bytes_in + bytes_out) / seconds / 2 ** 20 }),
    client_cpu_percent: percent(window.client_cpu_ms, window.elapsed_ms),
    client_cpu_us_per_delivery: (window.client_cpu_ms * 1_000) / window.deliveries,
    client_sent_percent: percent(sent, planned),
    send_lag_p99_ms: ms(Histogram.of([report.send_lag_us]).percentile(99)),
  };
}
