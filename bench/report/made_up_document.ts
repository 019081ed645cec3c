import type { Kind, Plan } from '../contest/plan.ts';
import { Histogram } from '../load/histogram.ts';
import type { Case, ResultDocument, Run, Sample, Subject, Trial } from './document.ts';
import type { Figures } from './metrics.ts';
import { normalFrom, randomFrom } from './random.ts';
import { summarise, toSnapshot } from './summary.ts';

/** Results that nobody measured, for tests of what is made of them. */

export interface MadeUp {
  readonly kind?: Kind;
  /** Of `MADE_UP_SUBJECTS`, from the first on. */
  readonly subjects?: number;
  readonly clients?: readonly number[];
  readonly runs?: number;
  /** Standard deviation of figures from run to run, as a share of them. */
  readonly noise?: number;
  readonly seed?: number;
  /** What the cost of each subject is multiplied with: 1.1 is 10 % worse in all that costs. */
  readonly cost?: number;
  readonly started_at?: string;
}

type Described = Pick<Subject, 'peer' | 'profile' | 'language' | 'stack' | 'mode' | 'encoding'> & {
  /** CPU a delivery in µs; everything else follows from it. */
  readonly cpu_us: number;
};

const described = (
  peer: string,
  profile: Subject['profile'],
  language: string,
  stack: string,
  cpu_us: number,
  mode: Subject['mode'] = 'frame',
  encoding = 'json',
): Described => ({ peer, profile, language, stack, cpu_us, mode, encoding });

export const MADE_UP_SUBJECTS: readonly Described[] = [
  described('go-gorilla', 'B', 'Go', 'net/http, gorilla/websocket', 4.4),
  described('rust-tungstenite', 'B', 'Rust', 'tokio-tungstenite', 3.1),
  described('zig-std', 'B', 'Zig', 'std.net', 2.9),
  described('bun-bare', 'B', 'TypeScript', 'Bun.serve', 2.2),
  described('node-ws', 'B', 'JavaScript', 'Node.js, ws', 6.3),
  described('go-fiber', 'A', 'Go', 'Fiber', 4.9),
  described('rust-axum', 'A', 'Rust', 'Axum', 3.6),
  described('bun-elysia', 'A', 'TypeScript', 'Elysia', 2.6),
  described('socket.io', 'A', 'JavaScript', 'Node.js, Socket.IO', 11.8),
  described('centrifugo', 'A', 'Go', 'Centrifugo', 5.6),
  described('go-gorilla', 'B', 'Go', 'net/http, gorilla/websocket', 0.9, 'joined', 'ndjson'),
  described('rust-tungstenite', 'B', 'Rust', 'tokio-tungstenite', 0.52, 'joined', 'ndjson'),
  described('hubbub-native', 'hubbub', 'TypeScript, C++', 'Bun.serve, addon', 2.3),
  described(
    'hubbub-native',
    'hubbub',
    'TypeScript, C++',
    'Bun.serve, addon',
    0.2,
    'joined',
    'ndjson',
  ),
];

const CORE_US = 1_000_000;
const DURATION_S = 20;
const MESSAGES = 3_000;

export function madeUpDocument(given: MadeUp = {}): ResultDocument {
  const { kind = 'traffic', subjects = 3, clients = [100], runs = 5, seed = 7 } = given;
  const { started_at = '2026-11-20T10:00:00.000Z', noise = 0.02, cost = 1 } = given;
  const random = randomFrom(seed);
  const plan = madeUpPlan(kind, clients);
  const start = Date.parse(started_at);
  const measured = MADE_UP_SUBJECTS.slice(0, subjects).map((subject): Subject => {
    const { cpu_us, ...rest } = subject;
    const cases = clients.map((count): Case => {
      const made = Array.from({ length: runs }, (_, order) => {
        const load = { kind, clients: count, cpu_us: cpu_us * cost, started_at: start, order };
        return madeUpRun({ ...load, noise, random });
      });
      const label = clients.length > 1 ? `${count.toLocaleString('en')} clients` : '';
      return { label, clients: count, runs: made, summary: summarise(made) };
    });
    const window_ms = rest.mode === 'frame' ? 0 : 5;
    const name = rest.mode === 'frame' ? rest.peer : `${rest.peer} ${rest.mode} 5 ms`;
    return { ...rest, name, window_ms, workers: 1, flags: ['--rate-limit', '0'], cases };
  });
  return {
    format: 'hubbub-bench',
    version: 1,
    plan,
    started_at,
    ended_at: new Date(start + 3_600_000).toISOString(),
    seed,
    command: [plan.name, '--runs', String(runs)],
    machine: structuredClone(MACHINE),
    confinement: structuredClone(CONFINEMENT),
    baseline: measured[0]?.name ?? '',
    subjects: measured,
    absent: [],
    problems: [],
  };
}

const MACHINE: ResultDocument['machine'] = {
  cpu: 'An imagined processor with 8 cores',
  cpus: 8,
  memory_bytes: 16 * 2 ** 30,
  kernel: 'Linux 6.1.0',
  bun: '1.4.5',
  load_average: 0.07,
  pinning: 'taskset',
};

const CONFINEMENT: ResultDocument['confinement'] = {
  method: 'cgroup v2',
  server_cpus: [0],
  client_cpus: [1, 2],
  cpu_limit: 1,
  memory_limit_bytes: 512 * 2 ** 20,
  remarks: [],
};

const madeUpPlan = (kind: Kind, clients: readonly number[]): Plan => ({
  name: kind === 'search' ? 'fanout' : clients.length > 1 ? 'ladder' : kind,
  summary: 'the highest rate that a server bears, made up for a test',
  kind,
  clients: [...clients],
  room_size: 0,
  senders: 10,
  rate: 20,
  payload: 128,
  delivery_bytes: 220,
  pattern: 'fixed',
  burst_size: 1,
  ramp: 0,
  warmup: 3,
  duration: DURATION_S,
  rate_limit: 0,
  window_ms: 5,
  others: 0,
  opcode: 'text',
  tolerates_loss: false,
});

interface Load {
  readonly kind: Kind;
  readonly clients: number;
  readonly cpu_us: number;
  /** Milliseconds since 1970. */
  readonly started_at: number;
  readonly order: number;
  readonly noise: number;
  readonly random: () => number;
}

function madeUpRun(load: Load): Run {
  const { kind, clients, order, random, noise } = load;
  const about = (value: number): number => value * Math.max(0.05, 1 + noise * normalFrom(random));
  const cpu_us = about(load.cpu_us);
  const offered_per_s = 200 * clients;
  const capacity_per_s = CORE_US / cpu_us;
  const throughput_per_s =
    kind === 'search' ? capacity_per_s : Math.min(offered_per_s, capacity_per_s);
  const latency = madeUpLatency(about(400 * load.cpu_us), random);
  const started_at = load.started_at + order * 60_000;
  const rss_bytes = Math.round(about(2 ** 20 * (30 + clients / 50 + load.cpu_us)));
  const cpu_percent = Math.min(100, (throughput_per_s * cpu_us * 100) / CORE_US);
  return {
    order,
    started_at: new Date(started_at).toISOString(),
    elapsed_ms: DURATION_S * 1_000 + 3_200,
    void_reasons: [],
    faults: [],
    messages: Math.round(throughput_per_s * DURATION_S),
    window_ms: DURATION_S * 1_000,
    latency_us: toSnapshot(latency.snapshot()),
    samples: madeUpSamples(started_at, cpu_percent, rss_bytes, about),
    ...(kind === 'search' ? { trials: madeUpTrials(capacity_per_s) } : {}),
    errors: {},
    figures: {
      ...figuresOf(latency),
      throughput_per_s,
      cpu_us_per_delivery: cpu_us,
      server_cpu_percent: cpu_percent,
      server_cpu_peak_percent: Math.min(100, cpu_percent * 1.1),
      server_rss_peak_mib: rss_bytes / 2 ** 20,
      connected_percent: 100,
      drop_percent: Math.max(0, about(0.002 * load.cpu_us)),
      client_cpu_percent: about(40),
      ...KIND_FIGURES[kind]?.(about, load.cpu_us, capacity_per_s),
    },
  };
}

type About = (value: number) => number;

/** What only some kinds know. */
const KIND_FIGURES: Partial<
  Record<Kind, (about: About, cpu_us: number, capacity_per_s: number) => Figures>
> = {
  search: (_, __, sustained_per_s) => ({ sustained_per_s }),
  idle: (about, cpu_us) => ({ memory_per_connection_kib: about(3 * cpu_us) }),
  churn: (about, cpu_us) => ({
    recovery_p50_ms: about(cpu_us),
    recovery_p99_ms: about(9 * cpu_us),
  }),
  storm: (about, cpu_us) => ({ recovery_all_ms: about(400 * cpu_us) }),
  stall: (about) => ({ stalled_p99_ratio: about(1.1) }),
  echo: () => ({ mismatched: 0 }),
};

/** Log-normal around a median, with a tail. */
function madeUpLatency(median_us: number, random: () => number): Histogram {
  const latency = new Histogram();
  for (let at = 0; at < MESSAGES; at += 1) {
    const tail = random() < 0.01 ? 3 + 4 * random() : 1;
    latency.record(median_us * Math.exp(0.35 * normalFrom(random)) * tail);
  }
  return latency;
}

const figuresOf = (latency: Histogram): Figures => ({
  latency_mean_ms: latency.mean / 1_000,
  latency_p50_ms: latency.percentile(50) / 1_000,
  latency_p90_ms: latency.percentile(90) / 1_000,
  latency_p95_ms: latency.percentile(95) / 1_000,
  latency_p99_ms: latency.percentile(99) / 1_000,
  latency_p999_ms: latency.percentile(99.9) / 1_000,
  latency_min_ms: latency.min / 1_000,
  latency_max_ms: latency.max / 1_000,
});

const madeUpSamples = (
  started_at: number,
  cpu_percent: number,
  rss_bytes: number,
  about: About,
): Sample[] =>
  Array.from({ length: DURATION_S + 1 }, (_, second) => ({
    at: new Date(started_at + second * 1_000).toISOString(),
    server_cpu_percent: Math.min(100, about(second < 2 ? cpu_percent / 3 : cpu_percent)),
    server_rss_bytes: Math.round(rss_bytes * (0.7 + (0.3 * second) / DURATION_S)),
    client_cpu_percent: about(40),
    client_rss_bytes: 2 ** 26,
    socket_bytes: 2 ** 20,
  }));

/** As a search goes: twice as much until it is too much, then halves of what is between. */
function madeUpTrials(capacity_per_s: number): Trial[] {
  const tried = [0.25, 0.5, 1, 2, 1.5, 1.25, 1.1];
  return tried.map((share) => ({
    offered_per_s: capacity_per_s * share,
    delivered_per_s: capacity_per_s * Math.min(share, 1 - (share - 1) / 10),
    drop_percent: share > 1 ? 100 - 100 / share : 0,
    latency_p99_ms: share > 1 ? 400 : 2 + 6 * share,
    sustained: share <= 1,
  }));
}
