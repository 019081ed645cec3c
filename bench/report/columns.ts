import type { Kind } from '../contest/plan.ts';
import type { MetricName } from './metrics.ts';

/** What a kind of scenario is run for. */
export interface MainFigures {
  /** Columns of its table, and what decides whether one result is worse than another. */
  readonly figures: readonly MetricName[];
  /** Those told as a multiple of the baseline's, and drawn as bars. The first names the best server. */
  readonly ratios: readonly MetricName[];
}

const CORRECTNESS = ['drop_percent', 'disconnected', 'mismatched'] as const;

export const MAIN_FIGURES: Readonly<Record<Kind, MainFigures>> = {
  traffic: {
    figures: [
      'throughput_per_s',
      'cpu_us_per_delivery',
      'latency_p50_ms',
      'latency_p99_ms',
      'latency_p999_ms',
      'server_rss_peak_mib',
      ...CORRECTNESS,
    ],
    ratios: ['cpu_us_per_delivery', 'latency_p99_ms', 'server_rss_peak_mib'],
  },
  search: {
    figures: [
      'sustained_per_s',
      'cpu_us_per_delivery',
      'latency_p50_ms',
      'latency_p99_ms',
      'server_rss_peak_mib',
      ...CORRECTNESS,
    ],
    ratios: ['sustained_per_s', 'cpu_us_per_delivery', 'server_rss_peak_mib'],
  },
  churn: {
    figures: [
      'recovery_p50_ms',
      'recovery_p99_ms',
      'connected_percent',
      'latency_p99_ms',
      'cpu_us_per_delivery',
      'server_rss_peak_mib',
      ...CORRECTNESS,
    ],
    ratios: ['recovery_p99_ms', 'latency_p99_ms', 'cpu_us_per_delivery'],
  },
  idle: {
    figures: [
      'memory_per_connection_kib',
      'server_rss_peak_mib',
      'socket_memory_peak_mib',
      'server_cpu_percent',
      'connect_p50_ms',
      'connect_p99_ms',
      'connected_percent',
      'disconnected',
    ],
    ratios: ['memory_per_connection_kib', 'server_rss_peak_mib'],
  },
  storm: {
    figures: [
      'recovery_all_ms',
      'recovery_p50_ms',
      'recovery_p99_ms',
      'reconnects_per_s',
      'connected_percent',
      'server_rss_peak_mib',
    ],
    ratios: ['recovery_all_ms', 'reconnects_per_s', 'server_rss_peak_mib'],
  },
  stall: {
    figures: [
      'stalled_p99_ratio',
      'throughput_per_s',
      'latency_p99_ms',
      'server_rss_peak_mib',
      'server_dropped',
      ...CORRECTNESS,
    ],
    ratios: ['stalled_p99_ratio', 'latency_p99_ms', 'server_rss_peak_mib'],
  },
  echo: {
    figures: [
      'throughput_per_s',
      'cpu_us_per_delivery',
      'latency_p50_ms',
      'latency_p99_ms',
      'latency_p999_ms',
      'server_rss_peak_mib',
      ...CORRECTNESS,
    ],
    ratios: ['throughput_per_s', 'cpu_us_per_delivery', 'latency_p99_ms'],
  },
};
