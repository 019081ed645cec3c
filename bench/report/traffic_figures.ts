import { Histogram } from '../load/histogram.ts';
import type { TrafficReport } from '../load/port.ts';

/** What one run says about a server, in the units people compare. */
export interface TrafficFigures {
  readonly cpu_us_per_delivery: number;
  readonly deliveries_per_second: number;
  /** Of a message as it arrives, without frame headers and separators. */
  readonly bytes_per_delivery: number;
  readonly messages_per_frame: number;
  readonly latency_p50_ms: number;
  readonly latency_p99_ms: number;
  readonly latency_max_ms: number;
  readonly rss_mib: number;
  /** Shares of the window: at work on its core, and ready to work but made to wait for it. */
  readonly server_cpu_share: number;
  readonly server_waited_share: number;
  readonly client_cpu_share: number;
  readonly client_waited_share: number;
}

export function figuresOf({ window, latency_us }: TrafficReport): TrafficFigures {
  const { elapsed_ms, deliveries, frames, bytes, client_cpu_ms, client_waited_ms, server } = window;
  const latency = Histogram.of([latency_us]);
  return {
    cpu_us_per_delivery: ((server?.cpu_ms ?? Number.NaN) * 1_000) / deliveries,
    deliveries_per_second: (deliveries * 1_000) / elapsed_ms,
    bytes_per_delivery: bytes / deliveries,
    messages_per_frame: deliveries / frames,
    latency_p50_ms: latency.percentile(50) / 1_000,
    latency_p99_ms: latency.percentile(99) / 1_000,
    latency_max_ms: latency.max / 1_000,
    rss_mib: (server?.rss_bytes ?? Number.NaN) / 2 ** 20,
    server_cpu_share: (server?.cpu_ms ?? Number.NaN) / elapsed_ms,
    server_waited_share: (server?.waited_ms ?? Number.NaN) / elapsed_ms,
    client_cpu_share: client_cpu_ms / elapsed_ms,
    client_waited_share: client_waited_ms / elapsed_ms,
  };
}
