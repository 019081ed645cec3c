import { availableParallelism } from 'node:os';
import { integer, type Values } from '../../bench/command/options.ts';
import { RemoteLoadClient } from '../../bench/load/remote.ts';
import { spreadOf } from '../../bench/report/statistics.ts';
import { figuresOf } from '../../bench/report/traffic_figures.ts';
import { judge } from '../../bench/report/validity.ts';
import { say } from '../boot/report.ts';
import { ask } from './command.ts';
import { Container, type ContainerPlan, freePort } from './container.ts';
import type { Engine } from './engine.ts';
import { containerMemory, peakResidentBytes } from './memory.ts';

export const MEASURE_OPTIONS = {
  starts: integer(7, 1, 100, 'times it is started, for the start time'),
  members: integer(1_000, 1, 15_000, 'clients, all of which chat'),
  rooms: integer(10, 1, 10_000, 'rooms they are spread over evenly'),
  rate: integer(1_000, 1, 100_000, 'messages a second from all of them together'),
  payload_bytes: integer(128, 80, 16_384, 'size of the JSON of one message'),
  warmup_ms: integer(2_000, 0, 60_000, 'traffic before the window that is measured'),
  duration_ms: integer(10_000, 100, 600_000, 'length of that window'),
};

type MeasureValues = Values<typeof MEASURE_OPTIONS>;

export interface Measured {
  /** Lines of name and figure. */
  readonly figures: readonly (readonly [string, string])[];
  /** What went wrong; no figure counts when there is something. */
  readonly problems: readonly string[];
}

const SAVE_MS_MAX = 120_000;
const CONNECT_MS_MAX = 60_000;
/** The container's share of the machine is not a core of its own: waiting for one is part of it. */
const NOISE_MAX = 100;

const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
const ms = (time_ms: number): string => `${time_ms.toFixed(0)} ms`;
const whole = (count: number): string => Math.round(count).toLocaleString('en');

/** Size, start time, and what a container within its limits does for a crowd that chats. */
export async function measure(
  engine: Engine,
  plan: Omit<ContainerPlan, 'port'>,
  values: MeasureValues,
): Promise<Measured> {
  say('size …');
  const size = await sizeOf(engine, plan.image);
  say(`${values.starts} starts …`);
  const start = spreadOf(await startTimes_ms(engine, plan, values.starts));
  say(`${whole(values.members)} clients that chat …`);
  const chat = await chatIn(engine, plan, values);
  return {
    figures: [
      ['run by', engine.name],
      ['size, on disk', mib(size.disk_bytes)],
      ['size, compressed', mib(size.compressed_bytes)],
      ['start to healthy, median', `${ms(start.median)} (${ms(start.min)} to ${ms(start.max)})`],
      ...chat.figures,
    ],
    problems: chat.problems,
  };
}

async function sizeOf(engine: Engine, image: string) {
  const disk = [...engine.command, 'image', 'inspect', '--format', '{{.Size}}', image];
  const compressed = ['sh', '-c', '"$@" | gzip | wc -c', 'sh', ...engine.command, 'save', image];
  return {
    disk_bytes: Number(await ask(disk, SAVE_MS_MAX)),
    compressed_bytes: Number(await ask(compressed, SAVE_MS_MAX)),
  };
}

async function startTimes_ms(
  engine: Engine,
  plan: Omit<ContainerPlan, 'port'>,
  count: number,
): Promise<number[]> {
  const times: number[] = [];
  while (times.length < count) {
    await using container = await Container.start(engine, { ...plan, port: await freePort() });
    times.push(container.start_ms);
  }
  return times;
}

async function chatIn(
  engine: Engine,
  plan: Omit<ContainerPlan, 'port'>,
  values: MeasureValues,
): Promise<Measured> {
  const { members, rooms, rate, payload_bytes, warmup_ms, duration_ms } = values;
  await using container = await Container.start(engine, { ...plan, port: await freePort() });
  const { port } = container;
  const client = new RemoteLoadClient(availableParallelism() - 1);
  try {
    const target = { hostname: '127.0.0.1', port, path: '/ws', subprotocol: 'hubbub.v1.ndjson' };
    const crowd = await client.connect({ target, members, rooms, timeout_ms: CONNECT_MS_MAX });
    const traffic = { rate, senders: members, payload_bytes, warmup_ms, duration_ms };
    const report = await client.run(traffic);
    const planned_ms = warmup_ms + duration_ms;
    const evidence = { crowd, report, planned_ms, noise_max: NOISE_MAX };
    const { workers } = (await (await fetch(`${container.http}/stats`)).json()) as Stats;
    const { latency_p50_ms, latency_p99_ms, latency_max_ms, ...figures } = figuresOf(report);
    return {
      figures: [
        ['workers', whole(workers.length)],
        ['clients joined', `${whole(crowd.joined)} in ${ms(crowd.elapsed_ms)}`],
        ['messages sent', `${whole(report.sent)} of ${whole(report.planned)} planned`],
        ['deliveries', `${whole(report.deliveries)} of ${whole(report.expected_deliveries)} due`],
        ['deliveries a second', whole(figures.deliveries_per_second)],
        [
          'latency p50, p99, max',
          [latency_p50_ms, latency_p99_ms, latency_max_ms].map(ms).join(', '),
        ],
        ['load client, share of its core', `${Math.round(figures.client_cpu_share * 100)} %`],
        ...memoryFigures(await container.pid()),
      ],
      problems: judge(evidence).map(({ message }) => message),
    };
  } finally {
    await client.stop();
  }
}

interface Stats {
  readonly workers: readonly unknown[];
}

function memoryFigures(pid: number): (readonly [string, string])[] {
  const memory = containerMemory(pid);
  if (memory === undefined) return [['memory', 'this machine does not say']];
  return [
    ['memory of the container, peak', mib(memory.peak_bytes)],
    ['times it met its limit', whole(memory.limit_hits)],
    ['resident memory of the server, peak', mib(peakResidentBytes(pid))],
  ];
}
