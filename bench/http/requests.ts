import autocannon from 'autocannon';
import { Histogram, type HistogramSnapshot } from '../load/histogram.ts';

/** Requests for one address, at a steady rate. */
export interface RequestPlan {
  readonly url: string;
  readonly connections: number;
  /** Requests/s of all connections together; a multiple of their number. */
  readonly rate: number;
  readonly warmup_s: number;
  readonly duration_s: number;
}

export interface RequestReport {
  /** Answers that came in the measured time, whatever their status. */
  readonly answered: number;
  /** Connections that failed and answers that did not come. */
  readonly errors: number;
  readonly non_2xx: number;
  readonly elapsed_ms: number;
  /** Of the bytes of all answers. */
  readonly bytes: number;
  /** Corrected for coordinated omission. */
  readonly latency_us: HistogramSnapshot;
  /** Of this process. */
  readonly client_cpu_ms: number;
}

const TIMEOUT_S = 10;

/**
 * Lets autocannon make the requests, and measures. Its own histogram counts whole milliseconds, and
 * takes one for the interval at which requests are due, whatever the rate: so each answer is recorded
 * here, in microseconds and with the interval there is.
 */
export async function makeRequests(plan: RequestPlan): Promise<RequestReport> {
  if (plan.warmup_s > 0) await shoot(plan, plan.warmup_s, () => undefined);
  const latency = new Histogram();
  const interval_us = (plan.connections * 1e6) / plan.rate;
  const before = process.cpuUsage();
  const { requests, throughput, errors, non2xx, duration } = await shoot(
    plan,
    plan.duration_s,
    (time_ms) => recordCorrected(latency, time_ms * 1_000, interval_us),
  );
  const { user, system } = process.cpuUsage(before);
  return {
    answered: requests.total,
    errors,
    non_2xx: non2xx,
    elapsed_ms: duration * 1_000,
    bytes: throughput.total,
    latency_us: latency.snapshot(),
    client_cpu_ms: (user + system) / 1_000,
  };
}

function shoot(plan: RequestPlan, duration_s: number, note: (time_ms: number) => void) {
  const instance = autocannon({
    url: plan.url,
    connections: plan.connections,
    overallRate: plan.rate,
    duration: duration_s,
    timeout: TIMEOUT_S,
    ignoreCoordinatedOmission: true,
  });
  instance.on('response', (_client, _status, _bytes, time_ms) => note(time_ms));
  return instance;
}

/**
 * Records a time, and with it those of the requests that would have been due on this connection
 * meanwhile: `recordValueWithExpectedInterval` of HdrHistogram.
 */
export function recordCorrected(latency: Histogram, time_us: number, interval_us: number): void {
  for (let missing_us = time_us; ; missing_us -= interval_us) {
    latency.record(missing_us);
    if (missing_us < 2 * interval_us) return;
  }
}
