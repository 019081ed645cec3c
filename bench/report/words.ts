import type { Confinement, ResultDocument } from './document.ts';
import { METRICS, type MetricName } from './metrics.ts';

/** Numbers and facts of a result as all its forms say them. */

/** What stands where nothing was measured. */
export const NOTHING = '–';

/** With a comma between thousands and `digits` behind the point. */
export const number = (value: number, digits = 0): string =>
  value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** Without its unit, which stands in the heading. Large values need no digits behind the point. */
export function figure(name: MetricName, value: number): string {
  const { digits } = METRICS[name];
  const size = Math.abs(value);
  const enough = size >= 1_000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : digits;
  return number(value, Math.min(digits, enough));
}

/** Such as `p99 ms`. */
export const heading = (name: MetricName): string => {
  const { label, unit } = METRICS[name];
  return unit === '' ? label : `${label} ${unit}`;
};

/** Such as `P99, ms`, above a plot. */
export function titleOf(name: MetricName): string {
  const { label, unit } = METRICS[name];
  const title = `${label.charAt(0).toUpperCase()}${label.slice(1)}`;
  return unit === '' ? title : `${title}, ${unit}`;
}

/** Three figures that count, such as `0.98 ×`, `12.3 ×`. */
export const multiple = (ratio: number): string => `${significant(ratio)} ×`;

export const significant = (value: number): string =>
  Number.isFinite(value)
    ? number(value, value >= 100 ? 0 : value >= 10 ? 1 : value >= 0.1 ? 2 : 3)
    : '∞';

/** `1 run`, `3 runs`. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${number(count)} ${count === 1 ? one : many}`;

/** One line: what the figures were measured on. */
export function machineWords({ machine }: ResultDocument): string {
  const { cpu, cpus, memory_bytes, kernel, bun, load_average } = machine;
  const memory = `${number(memory_bytes / 2 ** 30, memory_bytes < 2 ** 33 ? 1 : 0)} GiB`;
  return `${cpus} × ${cpu}, ${memory}, ${kernel}, Bun ${bun}, load average before ${load_average.toFixed(2)}`;
}

const cores = (list: readonly number[]): string =>
  list.length === 0
    ? 'any core'
    : `${list.length === 1 ? 'core' : 'cores'} ${[...list].sort((a, b) => a - b).join(', ')}`;

/** One line: how server and client were kept apart and limited. */
export function confinementWords(confinement: Confinement): string {
  const { method, server_cpus, client_cpus, cpu_limit, memory_limit_bytes } = confinement;
  const limits = [
    ...(cpu_limit === null ? [] : [`${plural(cpu_limit, 'CPU')}`]),
    ...(memory_limit_bytes === null ? [] : [`${number(memory_limit_bytes / 2 ** 20)} MiB`]),
  ];
  const limited = limits.length === 0 ? 'no limits' : `limited to ${limits.join(' and ')}`;
  const by = method === 'none' ? 'not confined' : `by ${method}`;
  return `server on ${cores(server_cpus)}, ${limited}, client on ${cores(client_cpus)} (${by})`;
}

/** One line: how often, in which order, and what the figures are. */
export function methodWords({ subjects, seed }: ResultDocument): string {
  const runs = subjects.flatMap(({ cases }) => cases.map((one) => one.runs.length));
  const most = Math.max(0, ...runs);
  const least = Math.min(most, ...runs);
  const count = least === most ? plural(most, 'run') : `${least} to ${most} runs`;
  return (
    `${count} of each in random order (seed ${seed}); medians of the runs that count, ` +
    'percentiles of all their messages together'
  );
}

/** What a ratio's spread is, said wherever one stands. */
export const RATIO_WORDS =
  'Ratios are to the baseline’s figure; in brackets the least and the greatest that any two of their runs would give.';

const KIND_WORDS: Readonly<Record<ResultDocument['plan']['kind'], string>> = {
  traffic: 'one window is measured',
  search: 'at higher and lower rates, until the highest is found that is sustained',
  churn: 'while others come and go',
  idle: 'all stay silent',
  storm: 'all lose their connections at once and come back',
  stall: 'before and while some stop reading',
  echo: 'each message comes back to its sender',
};

/** Who could not take part and why, a sentence each. */
export const absentWords = ({ absent }: ResultDocument): readonly string[] =>
  absent.map(({ name, reason }) => `Not there: ${name}: ${reason.split('\n')[0] ?? ''}`);

/** The plan, as a sentence for people. */
export function planWords({ plan }: ResultDocument): string {
  const clients = plan.clients.map((count) => number(count)).join(', ');
  const where =
    plan.kind === 'echo'
      ? 'on the echo path'
      : plan.room_size === 0
        ? 'in one room'
        : `in rooms of ${number(plan.room_size)}`;
  const rate = `${number(plan.rate, Number.isInteger(plan.rate) ? 0 : 2)} messages/s`;
  const senders = plan.senders === 0 ? 'each sends' : `${number(plan.senders)} of them send`;
  const start = plan.kind === 'search' ? 'beginning with ' : '';
  const pattern =
    plan.pattern === 'burst' ? ` in bursts of ${number(plan.burst_size)}` : ` (${plan.pattern})`;
  const speech = `${senders} ${start}${rate}${pattern}, ${number(plan.payload)} bytes each`;
  const others = plan.others === 0 ? '' : ` ${number(plan.others)} others make the scenario.`;
  const limit =
    plan.rate_limit === 0
      ? 'no rate limit'
      : `at most ${number(plan.rate_limit)} messages/s a client`;
  return (
    `${clients} clients ${where}; ${plan.kind === 'idle' ? '' : `${speech}; `}${KIND_WORDS[plan.kind]}.${others} ` +
    `Connecting takes ${plan.ramp} s, warm-up ${plan.warmup} s, the window ${plan.duration} s; ${limit}.`
  );
}
