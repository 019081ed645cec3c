import type { MetricName } from '../report/metrics.ts';

/** One figure that the project has promised, and the run that answers for it. */
export interface Question {
  readonly target: string;
  readonly bound: 'at least' | 'at most';
  readonly limit: number;
  readonly unit: string;
  /** A scenario, one of `ASKED`. */
  readonly plan: string;
  /** Of a ladder: the number of clients. */
  readonly clients?: number;
  readonly metric: MetricName;
  /** What the figure is divided by to be in the target's unit; 1 when undefined. */
  readonly divisor?: number;
}

/** Scenarios in the form in which they answer here: shorter, or with more asked of them. */
export const ASKED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  steady: { duration: '20', warmup: '2' },
  'burst-1000': {},
  churn: { duration: '15', warmup: '2' },
  rooms: { warmup: '2' },
  ladder: { clients: '1000,10000', ramp: '5', warmup: '3' },
  fanout: {},
};

/** Who is asked: this project's server as it comes, on one core. */
export const ANSWERING = 'hubbub-native:json';

/** What `< 100 MB` means in the unit that is measured. */
const MIB_IN_100_MB = 100e6 / 2 ** 20;

/** The targets of the chat server, in the order in which they are promised. */
export const QUESTIONS: readonly Question[] = [
  {
    target: 'messages/s in the burst phase',
    ...{ bound: 'at least', limit: 10_000, unit: '/s', plan: 'burst-1000', metric: 'sent_per_s' },
  },
  {
    target: 'lost in the burst phase',
    ...{ bound: 'at most', limit: 0, unit: ' %', plan: 'burst-1000', metric: 'drop_percent' },
  },
  {
    target: 'p95, steady',
    ...{ bound: 'at most', limit: 50, unit: ' ms', plan: 'steady', metric: 'latency_p95_ms' },
  },
  {
    target: 'memory of the process with 1,000 connections',
    ...{ bound: 'at most', limit: MIB_IN_100_MB, unit: ' MiB', plan: 'ladder', clients: 1_000 },
    metric: 'server_rss_peak_mib',
  },
  {
    // Measured on one core; the target is told of a machine with four.
    target: 'CPU for 1,000 connections, of four cores',
    divisor: 4,
    ...{ bound: 'at most', limit: 5, unit: ' %', plan: 'ladder', clients: 1_000 },
    metric: 'server_cpu_percent',
  },
  {
    target: 'connected, of 10,000',
    ...{ bound: 'at least', limit: 99, unit: ' %', plan: 'ladder', clients: 10_000 },
    metric: 'connected_percent',
  },
  {
    target: 'messages lost, 10,000 connections',
    ...{ bound: 'at most', limit: 0, unit: ' %', plan: 'ladder', clients: 10_000 },
    metric: 'drop_percent',
  },
  {
    target: 'p50 with 10,000 connections',
    ...{ bound: 'at most', limit: 10, unit: ' ms', plan: 'ladder', clients: 10_000 },
    metric: 'latency_p50_ms',
  },
  {
    target: 'p99 with 10,000 connections',
    ...{ bound: 'at most', limit: 50, unit: ' ms', plan: 'ladder', clients: 10_000 },
    metric: 'latency_p99_ms',
  },
  {
    target: 'lost while others come and go',
    ...{ bound: 'at most', limit: 0, unit: ' %', plan: 'churn', metric: 'drop_percent' },
  },
  {
    target: 'messages in the wrong room, 100 rooms of 10',
    ...{ bound: 'at most', limit: 0, unit: '', plan: 'rooms', metric: 'mismatched' },
  },
  {
    target: 'deliveries/s in total, one worker',
    ...{ bound: 'at least', limit: 100_000, unit: '/s', plan: 'fanout', metric: 'sustained_per_s' },
  },
];
