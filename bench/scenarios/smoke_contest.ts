import type { HubKind } from '../process/hub.ts';
import { coresFor } from '../process/pin.ts';
import { bunBare, hubbub, type PeerMode, type ServerPlan } from '../process/server.ts';
import { connectionsByWorker } from '../process/stats.ts';
import { measureRounds, type Round } from './rounds.ts';
import type { Progress } from './scenario.ts';
import { type Measurement, type PairPlan, Session, type Traffic } from './session.ts';
import type { SmokeValues } from './smoke_options.ts';

type SmokeEncoding = SmokeValues['encodings'][number];

/** A server of this project that takes part. */
export interface Entry {
  readonly name: string;
  readonly hub: HubKind;
  readonly workers: number;
  /** Members that each worker serves. */
  readonly members_by_worker: readonly number[];
}

/** What a bare loop and the servers that do the same have shown in turns. */
export interface Contest {
  readonly encoding: SmokeEncoding;
  readonly mode: PeerMode;
  readonly peer: string;
  readonly entries: readonly Entry[];
  /** Runs until all code was compiled. They are checked and count for nothing else. */
  readonly starts: readonly Measurement[];
  /** Of the peer first, then of each entry. */
  readonly rounds: readonly Round[];
  readonly problems: readonly string[];
}

/** The bare loop that does the same. Without a window there is nothing to join. */
function peerMode(encoding: SmokeEncoding, window_ms: number): PeerMode {
  if (window_ms === 0) return 'frame';
  return encoding === 'ndjson' ? 'joined' : 'window';
}

/** All servers stay up and warm, and take turns: short turns, because the machine's speed drifts. */
export function compete(
  encoding: SmokeEncoding,
  values: SmokeValues,
  progress: Progress,
): Promise<Contest> {
  const { members, flush_interval_ms, server_cpu, client_cpu, engine } = values;
  const mode = peerMode(encoding, flush_interval_ms);
  const planFor = (server: ServerPlan): PairPlan => ({
    server,
    client_cpu,
    engine,
    members,
    rooms: 1,
  });
  const entrants = entrantsOf(encoding, values);
  return withSessions(
    entrants.map(({ server }) => planFor(server)),
    async (sessions) => {
      const starts: Measurement[] = [];
      for (const session of sessions) starts.push(...(await start(session, mode, values)));
      // Up, because sequence numbers and offsets grow in the runs to come.
      const bytes = Math.ceil(starts[0]?.figures.bytes_per_delivery ?? 0);
      progress(`${encoding}: ${bytes} bytes for each delivery`);
      const bare = bunBare(mode, server_cpu, Math.max(1, flush_interval_ms), bytes);
      return Session.with(planFor(bare), async (baseline) => {
        starts.push(...(await start(baseline, mode, values)));
        const runs = [
          () => baseline.measure(trafficFor(1, values)),
          ...sessions.map((session, index) => {
            const traffic = trafficFor(entrants[index]?.workers ?? 1, values);
            return () => session.measure(traffic);
          }),
        ];
        const { rounds, problems } = await measureRounds(values.pairs, runs, progress);
        const entries: Entry[] = [];
        for (const [index, { server, hub, workers }] of entrants.entries()) {
          const port = sessions[index]?.server.port ?? 0;
          const members_by_worker = await connectionsByWorker(port);
          entries.push({ name: server.name, hub, workers, members_by_worker });
        }
        return {
          encoding,
          mode,
          peer: bare.name,
          entries,
          starts,
          rounds,
          problems: [...starts.flatMap(startFaults), ...problems, ...entries.flatMap(idleWorkers)],
        };
      });
    },
  );
}

interface Entrant extends Pick<Entry, 'hub' | 'workers'> {
  readonly server: ServerPlan;
}

/** What protects a server from a client who sends thousands of messages a second. */
const LIMITS_LIFTED = ['--rate-limit', '0'];

/** One worker before several: the price of the others is told against it. */
function entrantsOf(encoding: SmokeEncoding, values: SmokeValues): Entrant[] {
  const { server_cpus, flush_interval_ms } = values;
  const flags = [...LIMITS_LIFTED, '--flush-interval-ms', String(flush_interval_ms)];
  return values.hubs.flatMap((hub) =>
    values.workers
      .toSorted((a, b) => a - b)
      .filter((workers) => hub === 'native' || workers === 1)
      .map((workers) => {
        const isGiven = workers > 1 && server_cpus.length > 0;
        const cpus = isGiven ? server_cpus : coresFor(workers, values);
        return { hub, workers, server: hubbub({ encoding, hub, workers, cpus, flags }) };
      }),
  );
}

/** Several workers and the load client may have to share cores: that is no noise. */
const trafficFor = (workers: number, values: SmokeValues): Traffic => ({
  rate: values.deliveries / values.members,
  senders: values.senders,
  payload_bytes: values.payload,
  warmup_ms: values.warmup_ms,
  duration_ms: values.duration_ms,
  noise_max: workers > 1 ? 100 : values.noise_max,
});

/**
 * What compiles code is the number of messages, so a light load is preceded by a heavier one; where
 * each is a frame of its own no server bears more of them. A heavy load must not meet cold code.
 */
async function start(
  session: Session,
  mode: PeerMode,
  values: SmokeValues,
): Promise<readonly Measurement[]> {
  const { deliveries, start_deliveries, start_ms } = values;
  const isHeavy = deliveries > start_deliveries;
  const first = mode === 'frame' ? Math.min(deliveries, start_deliveries) : start_deliveries;
  const steps = isHeavy ? [first, deliveries] : [first];
  const starts: Measurement[] = [];
  for (const step of steps) {
    const traffic = { ...trafficFor(1, values), rate: step / values.members, noise_max: 100 };
    const duration_ms = start_ms / steps.length;
    starts.push(await session.measure({ ...traffic, warmup_ms: 0, duration_ms }));
  }
  return starts.toReversed();
}

const startFaults = ({ server, faults }: Measurement): string[] =>
  faults.map((fault) => `${server}, at the start: ${fault}`);

/** One order across workers is shown only where each of them has members. */
function idleWorkers({ name, workers, members_by_worker }: Entry): string[] {
  const busy = members_by_worker.filter((members) => members > 0).length;
  return busy === workers ? [] : [`${name}: ${busy} of ${workers} workers have members`];
}

/** Runs `work` with a session for each plan, all open at once. */
function withSessions<T>(
  plans: readonly PairPlan[],
  work: (sessions: readonly Session[]) => Promise<T>,
  opened: readonly Session[] = [],
): Promise<T> {
  const [plan, ...rest] = plans;
  if (plan === undefined) return work(opened);
  return Session.with(plan, (session) => withSessions(rest, work, [...opened, session]));
}
