import { type EngineKind, type EngineProcess, startEngine } from '../load/engines.ts';
import type { CrowdPlan, CrowdReport, TrafficPlan, TrafficReport } from '../load/port.ts';
import {
  type RunningServer,
  type ServerPlan,
  type StartOptions,
  startServer,
} from '../process/server.ts';
import { figuresOf, type TrafficFigures } from '../report/traffic_figures.ts';
import { faultsOf, voidReasons } from '../report/validity.ts';

/** A server and a crowd for it, each on a core of its own. */
export interface PairPlan {
  readonly server: ServerPlan;
  readonly client_cpu: number;
  /** The TypeScript client when undefined. */
  readonly engine?: EngineKind;
  readonly members: number;
  readonly rooms: number;
}

/** One run of traffic against one server. */
export interface Measurement<T = undefined> {
  readonly server: string;
  readonly figures: TrafficFigures;
  readonly report: TrafficReport;
  /** Why the run says nothing about the server. */
  readonly void_reasons: readonly string[];
  /** What the server did wrong. */
  readonly faults: readonly string[];
  /** What was watched beside the traffic. */
  readonly beside: T;
}

export interface Traffic extends Omit<TrafficPlan, 'server_pid'> {
  /** Per cent of the window that either side may wait for its core before the run does not count. */
  readonly noise_max: number;
}

const CONNECT_MS_MAX = 30_000;

/** Runs `work` with a fresh server and a fresh load client, and stops both whatever happens. */
export async function withPair<T>(
  plan: PairPlan,
  work: (server: RunningServer, client: EngineProcess) => Promise<T>,
  options: StartOptions = {},
): Promise<T> {
  // First the engine: building it may take a while.
  const client = await startEngine(plan.engine ?? 'typescript', plan.client_cpu);
  const server = await startServer(plan.server, options).catch(async (error: unknown) => {
    await client.stop();
    throw error;
  });
  try {
    return await Promise.race([work(server, client), server.failed]);
  } finally {
    await client.stop();
    await server.stop();
  }
}

export function crowdOf({ server, members, rooms }: PairPlan, { port }: RunningServer): CrowdPlan {
  const address = { hostname: '127.0.0.1', port, path: '/ws' };
  const { subprotocol } = server;
  const target = subprotocol === undefined ? address : { ...address, subprotocol };
  return { target, members, rooms, timeout_ms: CONNECT_MS_MAX };
}

/** A fresh server whose crowd has joined: as many runs of traffic as wanted. */
export class Session {
  readonly plan: PairPlan;
  readonly server: RunningServer;
  readonly #client: EngineProcess;
  readonly #crowd: CrowdReport;

  private constructor(
    plan: PairPlan,
    server: RunningServer,
    client: EngineProcess,
    crowd: CrowdReport,
  ) {
    this.plan = plan;
    this.server = server;
    this.#client = client;
    this.#crowd = crowd;
  }

  static with<T>(plan: PairPlan, work: (session: Session) => Promise<T>): Promise<T> {
    return withPair(plan, async (server, client) => {
      const crowd = await client.connect(crowdOf(plan, server));
      const result = await work(new Session(plan, server, client, crowd));
      await client.disconnect();
      return result;
    });
  }

  measure(traffic: Traffic): Promise<Measurement> {
    return this.measureBeside(traffic, Promise.resolve(undefined));
  }

  /** @param beside what goes on meanwhile: a member of another kind, a watch over memory */
  async measureBeside<T>(
    { noise_max, ...traffic }: Traffic,
    beside: Promise<T>,
  ): Promise<Measurement<T>> {
    const running = this.#client.run({ ...traffic, server_pid: this.server.pid });
    const [report, seen] = await Promise.all([running, beside]);
    const planned_ms = traffic.warmup_ms + traffic.duration_ms;
    const evidence = { crowd: this.#crowd, report, planned_ms, noise_max };
    return {
      server: this.plan.server.name,
      figures: figuresOf(report),
      report,
      void_reasons: voidReasons(evidence),
      faults: faultsOf(evidence),
      beside: seen,
    };
  }
}
