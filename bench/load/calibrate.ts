import { integer, integers, type Values } from '../command/options.ts';
import { adopt } from '../process/children.ts';
import { within } from '../process/deadline.ts';
import { pinTo } from '../process/pin.ts';
import { ServerLog } from '../process/server_log.ts';
import { figuresOf, type TrafficFigures } from '../report/traffic_figures.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { NativeLoadEngine } from './engine.ts';
import { buildEngine, buildSink } from './engine_build.ts';
import type { TrafficReport } from './port.ts';

const OPTIONS = {
  windows_ms: integers([0, 5], 0, 1_000, 'how long the sink gathers messages; 0 = frame for frame'),
  members: integer(100, 1, 10_000, 'connections in one room'),
  senders: integer(10, 1, 10_000, 'members who send'),
  payload: integer(128, 96, 16_384, 'bytes of a client’s chat frame'),
  deliveries: integer(50_000, 100, 10_000_000, 'deliveries/s offered first; then twice as many'),
  steps: integer(10, 1, 20, 'how often it may double'),
  warmup_ms: integer(300, 0, 60_000, 'traffic in each step before its window'),
  duration_ms: integer(2_000, 100, 600_000, 'the measured window of each step'),
  server_cpu: integer(0, 0, 1_023, 'core of the sink'),
  client_cpu: integer(1, 0, 1_023, 'core of the engine'),
};

type CalibrateValues = Values<typeof OPTIONS>;

/** One load, and what both sides made of it. */
interface Step {
  readonly window_ms: number;
  readonly offered: number;
  readonly figures: TrafficFigures;
  readonly report: TrafficReport;
}

const CONNECT_MS_MAX = 30_000;
const START_MS_MAX = 10_000;
/** The core of one side is full, or one of them did not get its core: the next step says nothing. */
const FULL_SHARE = 0.9;
const DELIVERED_SHARE_MIN = 0.95;

/** What the load engine can take: offers a server that does next to nothing more and more. */
export const calibrate: Scenario<typeof OPTIONS> = {
  name: 'calibrate',
  summary: 'how much the native load engine can take, against a server that does next to nothing',
  options: OPTIONS,
  async run(values, progress) {
    const steps: Step[] = [];
    for (const window_ms of values.windows_ms) {
      steps.push(...(await climb(window_ms, values, progress)));
    }
    return {
      tables: [steps.map(rowOf)],
      targets: [],
      problems: steps.flatMap(faultsOf),
      data: { steps },
    };
  },
};

async function climb(
  window_ms: number,
  values: CalibrateValues,
  progress: (line: string) => void,
): Promise<Step[]> {
  const sink = await startSink(window_ms, values.server_cpu);
  const engine = new NativeLoadEngine(await buildEngine(), values.client_cpu);
  const steps: Step[] = [];
  try {
    const { members, senders, payload, warmup_ms, duration_ms } = values;
    const target = { hostname: '127.0.0.1', port: sink.port, path: '/ws' };
    await engine.connect({ target, members, rooms: 1, timeout_ms: CONNECT_MS_MAX });
    for (let step = 0; step < values.steps; step += 1) {
      const offered = values.deliveries * 2 ** step;
      progress(`window ${window_ms} ms: ${offered} deliveries/s`);
      const rate = offered / members;
      const plan = { rate, senders, payload_bytes: payload, warmup_ms, duration_ms };
      const report = await engine.run({ ...plan, server_pid: sink.pid });
      const figures = figuresOf(report);
      steps.push({ window_ms, offered, figures, report });
      const share = Math.max(figures.client_cpu_share, figures.server_cpu_share);
      const delivered_share = figures.deliveries_per_second / offered;
      if (share > FULL_SHARE || delivered_share < DELIVERED_SHARE_MIN) break;
    }
  } finally {
    await engine.stop();
    await sink.stop();
  }
  return steps;
}

interface RunningSink {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

async function startSink(window_ms: number, cpu: number): Promise<RunningSink> {
  const command = [...pinTo([cpu]), await buildSink(), '--window-ms', String(window_ms)];
  const child = Bun.spawn(command, { stdin: 'ignore', stdout: 'ignore', stderr: 'pipe' });
  adopt(child);
  const stop = async (): Promise<void> => {
    child.kill();
    await child.exited;
  };
  const { port } = new ServerLog(child.stderr);
  return {
    pid: child.pid,
    port: await within(START_MS_MAX, port, 'the sink to listen').catch(async (error: unknown) => {
      await stop();
      throw error;
    }),
    stop,
  };
}

function rowOf({ window_ms, offered, figures }: Step): Readonly<Record<string, string>> {
  const { client_cpu_share, server_cpu_share, deliveries_per_second } = figures;
  const share = (part: number): string => (part * 100).toFixed(0);
  return {
    'window ms': String(window_ms),
    'offered/s': String(offered),
    'delivered/s': deliveries_per_second.toFixed(0),
    'engine CPU %': share(client_cpu_share),
    'engine µs/delivery': ((client_cpu_share * 1e6) / deliveries_per_second).toFixed(3),
    'sink CPU %': share(server_cpu_share),
    'sink µs/delivery': figures.cpu_us_per_delivery.toFixed(3),
    'p50 ms': figures.latency_p50_ms.toFixed(2),
    'p99 ms': figures.latency_p99_ms.toFixed(2),
  };
}

/** The sink may be too slow, and is then full; what it takes it hands on, once and in order. */
function faultsOf({ offered, report }: Step): string[] {
  const { duplicated, reordered, foreign, disconnected } = report;
  const found = { duplicated, reordered, foreign, disconnected };
  return Object.entries(found)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `at ${offered} deliveries/s: ${count} ${kind}`);
}
