import { type EngineProcess, startEngine } from '../load/engines.ts';
import type { CrowdReport, TrafficReport } from '../load/port.ts';
import { HUBBUB, type RunningSubject } from '../peers/subject.ts';
import { cpuTime_ms } from '../process/usage.ts';
import type { HttpValues } from './options.ts';
import { Requester } from './remote.ts';
import type { RequestPlan, RequestReport } from './requests.ts';

/** One path of one server, in one state. */
export interface CaseName {
  readonly name: string;
  readonly state: 'idle' | 'traffic';
  readonly path: string;
}

/** The chat that went on beside the requests. */
export interface Beside {
  readonly crowd: CrowdReport;
  readonly traffic: TrafficReport;
  readonly planned_ms: number;
}

export interface Case extends CaseName {
  readonly plan: RequestPlan;
  readonly report: RequestReport;
  /** Of the whole server process, from before the warm-up until the end. */
  readonly server_cpu_share: number;
  /** Undefined with an idle server. */
  readonly beside: Beside | undefined;
}

const CONNECT_MS_MAX = 30_000;
const COMPILE_MS = 2_000;
/** Chat ends after the requests. */
const AFTER_MS = 1_000;

export async function measureCase(
  which: CaseName,
  server: RunningSubject,
  values: HttpValues,
): Promise<Case> {
  const { connections, rate, warmup, duration, client_cpu } = values;
  const url = `http://127.0.0.1:${server.port}${which.path}`;
  const plan = { url, connections, rate, warmup_s: warmup, duration_s: duration };
  // Before any traffic: loading it takes time of the core that the load engine is on as well.
  await using requester = await Requester.start(client_cpu);
  const ask = () => watched(server.pid, () => requester.make(plan));
  const { result, beside, share } =
    which.state === 'idle'
      ? { ...(await ask()), beside: undefined }
      : await besideTraffic(which, server, values, ask);
  return { ...which, plan, report: result, server_cpu_share: share, beside };
}

interface Watched<T> {
  readonly result: T;
  readonly share: number;
}

async function watched<T>(pid: number, work: () => Promise<T>): Promise<Watched<T>> {
  const started_ms = performance.now();
  const before_ms = cpuTime_ms(pid);
  const result = await work();
  const share = (cpuTime_ms(pid) - before_ms) / (performance.now() - started_ms);
  return { result, share };
}

async function besideTraffic<T extends object>(
  { name }: CaseName,
  { port, pid }: RunningSubject,
  values: HttpValues,
  ask: () => Promise<T>,
): Promise<T & { readonly beside: Beside }> {
  const { members, senders, deliveries, payload, warmup, duration, engine } = values;
  const address = { hostname: '127.0.0.1', port, path: '/ws' };
  const target = name === HUBBUB ? { ...address, subprotocol: 'hubbub.v1.json' } : address;
  const client: EngineProcess = await startEngine(engine, values.client_cpu);
  try {
    const plan = { target, members, rooms: 1, timeout_ms: CONNECT_MS_MAX };
    const crowd = await client.connect(plan);
    const rate = deliveries / members;
    const traffic = { rate, senders, payload_bytes: payload, server_pid: pid };
    // Until code is compiled, on both sides.
    await client.run({ ...traffic, warmup_ms: 0, duration_ms: COMPILE_MS });
    const planned_ms = (warmup + duration) * 1_000 + AFTER_MS;
    const warmup_ms = warmup * 1_000;
    const running = client.run({ ...traffic, warmup_ms, duration_ms: planned_ms - warmup_ms });
    const [asked, chat] = await Promise.all([ask(), running]);
    await client.disconnect();
    return { ...asked, beside: { crowd, traffic: chat, planned_ms } };
  } finally {
    await client.stop();
  }
}
