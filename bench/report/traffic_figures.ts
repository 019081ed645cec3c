import { Histogram } from '../load/histogram.ts';
import type { CrowdReport, TrafficReport } from '../load/port.ts';

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

const SENT_SHARE_MIN = 0.99;
const CLIENT_CPU_SHARE_MAX = 0.85;
const ELAPSED_FACTOR_MAX = 1.5;

/**
 * Why a run measured the load client or the machine and not the server: such a run is repeated.
 * @param noise_max per cent of the window that either side may have waited for its core
 */
export function voidReasons(
  report: TrafficReport,
  planned_ms: number,
  noise_max: number,
): string[] {
  const { planned, sent, elapsed_ms, window } = report;
  const reasons: string[] = [];
  if (sent < planned * SENT_SHARE_MIN)
    reasons.push(`only ${sent} of ${planned} messages were sent`);
  const share = window.client_cpu_ms / window.elapsed_ms;
  if (share > CLIENT_CPU_SHARE_MAX) {
    reasons.push(`the load client used ${Math.round(share * 100)} % of its core`);
  }
  const waited_ms = Math.max(window.client_waited_ms, window.server?.waited_ms ?? 0);
  const waited = (waited_ms * 100) / window.elapsed_ms;
  if (waited > noise_max)
    reasons.push(`others kept a core busy for ${waited.toFixed(1)} % of the run`);
  if (elapsed_ms > planned_ms * ELAPSED_FACTOR_MAX) {
    reasons.push(`the run took ${Math.round(elapsed_ms)} ms instead of ${planned_ms}`);
  }
  return reasons;
}

/** What the server did wrong: no figure of such a run stands for a server that works. */
export function faultsOf(crowd: CrowdReport, report: TrafficReport): string[] {
  const faults: string[] = [];
  if (crowd.joined === 0) faults.push('nobody could join');
  if (crowd.failed > 0) faults.push(`${crowd.failed} members could not join: ${crowd.failure}`);
  for (const kind of [
    'lost',
    'duplicated',
    'reordered',
    'foreign',
    'gaps',
    'disconnected',
  ] as const) {
    if (report[kind] > 0) faults.push(`${report[kind]} ${kind}`);
  }
  if (report.orders > 1) faults.push(`members saw ${report.orders} different orders`);
  for (const [code, count] of Object.entries(report.errors)) {
    faults.push(`${count} errors "${code}"`);
  }
  return faults;
}
