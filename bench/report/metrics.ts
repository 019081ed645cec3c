/** One figure of a run: how tables name it, in which unit, and which way is better. */
export interface Metric {
  readonly label: string;
  readonly unit: string;
  readonly better: 'less' | 'more' | 'neither';
  /** Behind the point, in tables. */
  readonly digits: number;
}

const less = (label: string, unit: string, digits: number): Metric => ({
  label,
  unit,
  better: 'less',
  digits,
});
const more = (label: string, unit: string, digits: number): Metric => ({
  label,
  unit,
  better: 'more',
  digits,
});

/**
 * Every figure that a run may have. A run has those that its kind of scenario can know: a missing one
 * was not measured, and is nowhere taken for nought. Latency is end to end, from the intended sending.
 */
export const METRICS = {
  /** What members received in the window, a second. For echo: answers. */
  throughput_per_s: more('throughput', 'deliveries/s', 0),
  sent_per_s: more('sent', 'messages/s', 0),
  /** The highest throughput with less than 0.1 % loss and p99 below 50 ms. */
  sustained_per_s: more('sustained', 'deliveries/s', 0),
  latency_mean_ms: less('mean', 'ms', 3),
  latency_p50_ms: less('p50', 'ms', 3),
  latency_p90_ms: less('p90', 'ms', 3),
  latency_p95_ms: less('p95', 'ms', 3),
  latency_p99_ms: less('p99', 'ms', 3),
  latency_p999_ms: less('p99.9', 'ms', 3),
  latency_min_ms: less('min', 'ms', 3),
  latency_max_ms: less('max', 'ms', 3),
  /** Members who joined, of those who tried. */
  connected_percent: more('connected', '%', 2),
  /** Deliveries that never came, of those that had to. */
  drop_percent: less('dropped', '%', 3),
  /** What the server itself says it dropped: `dropped` of its counters. */
  server_dropped: less('dropped, as the server counts', '', 0),
  duplicated: less('duplicated', '', 0),
  reordered: less('reordered', '', 0),
  /** Deliveries that nobody sent, or that came to the wrong room; echoes that match nothing. */
  mismatched: less('mismatched', '', 0),
  /** `error` answers, of the messages sent. */
  error_percent: less('errors', '%', 3),
  /** Connections that ended without having been asked to. */
  disconnected: less('disconnected', '', 0),
  /** Of a message as it arrives, without frame headers and separators. */
  bytes_per_delivery: { label: 'bytes a delivery', unit: '', better: 'neither', digits: 0 },
  cpu_us_per_delivery: less('CPU a delivery', 'µs', 3),
  server_cpu_percent: less('server CPU', '%', 1),
  server_cpu_peak_percent: less('server CPU, busiest second', '%', 1),
  server_rss_peak_mib: less('server memory, peak', 'MiB', 1),
  /** What the process grew by from before the crowd came, divided by the crowd. */
  memory_per_connection_kib: less('memory a connection', 'KiB', 2),
  /** Kernel memory of all TCP sockets of the machine, both ends. */
  socket_memory_peak_mib: less('socket memory, peak', 'MiB', 2),
  network_mib_per_s: { label: 'network', unit: 'MiB/s', better: 'neither', digits: 1 },
  connect_p50_ms: less('connecting, p50', 'ms', 2),
  connect_p99_ms: less('connecting, p99', 'ms', 2),
  /** From a lost connection to membership again. */
  recovery_p50_ms: less('recovery, p50', 'ms', 2),
  recovery_p99_ms: less('recovery, p99', 'ms', 2),
  /** From the moment everybody lost their connection until everybody is back. */
  recovery_all_ms: less('everybody back', 'ms', 0),
  reconnects_per_s: more('reconnects', '/s', 0),
  /** p99 of the others while members stall, divided by their p99 before. */
  stalled_p99_ratio: less('p99 beside stalled members', '×', 2),
  /** Of the members who stall: whom the server has closed instead of dropping what is for them. */
  stalled_cut: { label: 'stalled members cut', unit: '', better: 'neither', digits: 0 },
  client_cpu_percent: { label: 'client CPU', unit: '%', better: 'neither', digits: 1 },
  client_cpu_us_per_delivery: {
    label: 'client CPU a delivery',
    unit: 'µs',
    better: 'neither',
    digits: 3,
  },
  /** Messages that the load engine has sent, of those planned. */
  client_sent_percent: { label: 'sent of the plan', unit: '%', better: 'neither', digits: 2 },
  send_lag_p99_ms: { label: 'send lag, p99', unit: 'ms', better: 'neither', digits: 3 },
} as const satisfies Readonly<Record<string, Metric>>;

export type MetricName = keyof typeof METRICS;

export const METRIC_NAMES = Object.keys(METRICS) as readonly MetricName[];

/** What one run has shown; see `METRICS`. */
export type Figures = Readonly<Partial<Record<MetricName, number>>>;
