import { NativeLoadEngine } from '../load/engine.ts';
import { buildEngine } from '../load/engine_build.ts';
import {
  type ConfinementPlan,
  openConfinement,
  type WantedConfinement,
} from '../process/confine/confinement.ts';
import type { Image } from '../process/confine/container.ts';
import type { Confinement } from '../process/confine/port.ts';
import { Sampler } from '../process/sampler.ts';
import { residentBytes } from '../process/usage.ts';
import type { Run, Sample } from '../report/document.ts';
import type { Figures } from '../report/metrics.ts';
import { toSnapshot } from '../report/summary.ts';
import { RunClock } from '../report/validity.ts';
import { coresWanted, type Entrant, sourceName } from './entrant.ts';
import { type Started, startEntrant } from './entrant_process.ts';
import { PLAYS } from './kinds/kinds.ts';
import { type Cores, coresApart } from './options.ts';
import type { Plan, Rung } from './plan.ts';
import type { Observed, Stage } from './stage.ts';

/** Within what servers run. */
export interface Limits {
  /** Cores of a server with one worker; one with more has as many times that, as far as there are any. */
  readonly cpus: number;
  readonly memory_bytes: number | undefined;
  readonly confine: WantedConfinement;
  /** What servers are run from in containers, by name: of all of them, or of none. */
  readonly images: ReadonlyMap<string, Image>;
}

/** One run to be made. */
export interface Turn {
  readonly plan: Plan;
  readonly rung: Rung;
  readonly entrant: Entrant;
  readonly limits: Limits;
  /** Place in the order of all runs. */
  readonly order: number;
  readonly sustained_before: number | undefined;
}

export const coresOf = (entrant: Entrant, { cpus }: Limits): Cores =>
  coresApart(coresWanted(entrant) * cpus);

/** What keeps an entrant within its limits. */
export function confinementPlan(entrant: Entrant, limits: Limits): ConfinementPlan {
  const { confine, memory_bytes, images } = limits;
  const image = images.get(sourceName(entrant));
  return {
    cpus: coresOf(entrant, limits).server,
    wanted: confine,
    ...(memory_bytes === undefined ? undefined : { memory_limit_bytes: memory_bytes }),
    ...(image === undefined ? undefined : { image }),
  };
}

/** Makes one run with a fresh server and a fresh engine; both have ended when this resolves. */
export async function makeRun(turn: Turn): Promise<Run> {
  const { plan, entrant, limits, order } = turn;
  const cores = coresOf(entrant, limits);
  const program = await buildEngine();
  await using confinement = await openConfinement(confinementPlan(entrant, limits));
  await using server = await startEntrant(entrant, plan, confinement);
  const started = new Date();
  const began_ms = performance.now();
  const engine = new NativeLoadEngine(program, cores.client);
  try {
    const { observed, samples, idle_rss } = await watched(turn, server, engine);
    return {
      order,
      started_at: started.toISOString(),
      elapsed_ms: performance.now() - began_ms,
      void_reasons: [...observed.void_reasons],
      faults: [...observed.faults, ...outgrown(confinement)],
      figures: { ...watchedFigures(samples, idle_rss, turn.rung), ...observed.figures },
      messages: observed.messages,
      window_ms: observed.window_ms,
      latency_us: toSnapshot(observed.latency_us),
      samples: [...samples],
      errors: { ...observed.errors },
      ...(observed.sustains_more === true ? { sustains_more: true } : undefined),
      ...(observed.trials === undefined ? undefined : { trials: [...observed.trials] }),
    };
  } finally {
    await engine.stop();
  }
}

interface Watched {
  readonly observed: Observed;
  readonly samples: readonly Sample[];
  /** Resident bytes before anybody connected. */
  readonly idle_rss: number | undefined;
}

async function watched(turn: Turn, server: Started, engine: NativeLoadEngine): Promise<Watched> {
  const { plan, rung, sustained_before } = turn;
  const stage: Stage = { plan, rung, server, engine, clock: new RunClock(), sustained_before };
  const idle_rss = server.pid === undefined ? undefined : residentBytes(server.pid);
  const processes = server.pid === undefined ? {} : { server_pid: server.pid };
  using sampler = Sampler.start({ ...processes, client_pid: engine.pid });
  const observed = await Promise.race([PLAYS[plan.kind](stage), server.failed]);
  return { observed, samples: sampler.stop(), idle_rss };
}

/** What only watching from outside can tell. */
function watchedFigures(
  samples: readonly Sample[],
  idle_rss: number | undefined,
  { clients }: Rung,
): Figures {
  const most = (of: (sample: Sample) => number | undefined): number | undefined => {
    const values = samples.map(of).filter((value) => value !== undefined);
    return values.length === 0 ? undefined : Math.max(...values);
  };
  const cpu = most(({ server_cpu_percent }) => server_cpu_percent);
  const rss = most(({ server_rss_bytes }) => server_rss_bytes);
  const sockets = most(({ socket_bytes }) => socket_bytes);
  return {
    ...(cpu === undefined ? undefined : { server_cpu_peak_percent: cpu }),
    ...(rss === undefined ? undefined : { server_rss_peak_mib: rss / 2 ** 20 }),
    ...(rss === undefined || idle_rss === undefined
      ? undefined
      : { memory_per_connection_kib: (rss - idle_rss) / 1_024 / clients }),
    ...(sockets === undefined ? undefined : { socket_memory_peak_mib: sockets / 2 ** 20 }),
  };
}

function outgrown(confinement: Confinement): string[] {
  const { oom_kills = 0 } = confinement.usage();
  return oom_kills > 0 ? ['was killed for taking more memory than it may'] : [];
}
