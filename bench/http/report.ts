import { Histogram } from '../load/histogram.ts';
import { figuresOf } from '../report/traffic_figures.ts';
import { judge } from '../report/validity.ts';
import type { Case } from './case.ts';

const ANSWERED_SHARE_MIN = 0.99;
const CLIENT_CPU_SHARE_MAX = 0.8;

/** Of the client's core: autocannon, and the load engine beside it. */
function clientShare({ report, beside }: Case): number {
  const ours = report.client_cpu_ms / report.elapsed_ms;
  return ours + (beside === undefined ? 0 : figuresOf(beside.traffic).client_cpu_share);
}

const percent = (share: number): string => (share * 100).toFixed(0);

export function rowOf(one: Case): Readonly<Record<string, string>> {
  const { name, path, state, report, beside } = one;
  const latency = Histogram.of([report.latency_us]);
  const in_ms = (value_us: number): string => (value_us / 1_000).toFixed(2);
  const traffic = beside === undefined ? undefined : figuresOf(beside.traffic);
  return {
    server: name,
    path,
    state,
    'requests/s': ((report.answered * 1_000) / report.elapsed_ms).toFixed(0),
    'p50 ms': in_ms(latency.percentile(50)),
    'p99 ms': in_ms(latency.percentile(99)),
    'max ms': in_ms(latency.max),
    errors: String(report.errors),
    'non-2xx': String(report.non_2xx),
    'bytes/answer': (report.bytes / Math.max(1, report.answered)).toFixed(0),
    'server CPU %': percent(one.server_cpu_share),
    'client CPU %': percent(clientShare(one)),
    'chat p99 ms': traffic === undefined ? '' : traffic.latency_p99_ms.toFixed(2),
  };
}

/** Why a case says nothing about the server, or what the server did wrong. */
export function problemsOf(one: Case): readonly string[] {
  const { name, path, state, plan, report, beside } = one;
  const problems: string[] = [];
  const planned = plan.rate * plan.duration_s;
  if (report.answered < planned * ANSWERED_SHARE_MIN) {
    problems.push(`only ${report.answered} of ${planned} requests were answered`);
  }
  if (report.errors > 0) problems.push(`${report.errors} errors`);
  if (report.non_2xx > 0) problems.push(`${report.non_2xx} answers other than 2xx`);
  const share = clientShare(one);
  if (share > CLIENT_CPU_SHARE_MAX) {
    problems.push(`the client used ${percent(share)} % of its core`);
  }
  if (beside !== undefined) {
    const { crowd, traffic, planned_ms } = beside;
    problems.push(...judge({ crowd, report: traffic, planned_ms }).map(({ message }) => message));
  }
  return problems.map((problem) => `${name} ${path} ${state}: ${problem}`);
}
