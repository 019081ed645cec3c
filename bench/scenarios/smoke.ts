import { integer, list, requireSenders, type Values } from '../command/options.ts';
import { payloadBytesMin } from '../load/chat.ts';
import { roomName } from '../load/client.ts';
import { bunBare, hubbub, type ServerPlan } from '../process/server.ts';
import type { Findings } from '../report/result.ts';
import { spreadOf } from '../report/statistics.ts';
import { atMost } from '../report/target.ts';
import { measurePairs, type Pairs, ratioOf } from './pairs.ts';
import type { Progress, Scenario } from './scenario.ts';
import { type Measurement, type PairPlan, Session } from './session.ts';

const OPTIONS = {
  pairs: integer(5, 1, 1_000, 'runs of each server, alternating'),
  members: integer(100, 1, 10_000, 'connections in one room'),
  senders: integer(10, 1, 10_000, 'members who send'),
  deliveries: integer(200_000, 100, 10_000_000, 'deliveries/s offered'),
  payload: integer(128, payloadBytesMin(roomName(0)), 16_384, 'bytes of a client’s chat frame'),
  flush_interval_ms: integer(5, 0, 1_000, 'window in which messages gather, for all; 0 = none'),
  encodings: list(['ndjson', 'json'], ['ndjson', 'json'], 'encodings to measure'),
  start_ms: integer(6_000, 500, 600_000, 'traffic before the first run, until code is compiled'),
  start_deliveries: integer(500_000, 100, 10_000_000, 'deliveries/s offered in it, if more'),
  warmup_ms: integer(300, 0, 600_000, 'traffic in each run before its window'),
  duration_ms: integer(2_500, 500, 600_000, 'the measured window of each run'),
  noise_max: integer(100, 1, 100, '% of a run that a core may be busy with others; else again'),
  server_cpu: integer(0, 0, 1_023, 'core of the servers, one of them at work at a time'),
  client_cpu: integer(1, 0, 1_023, 'core of the load clients'),
};

type SmokeValues = Values<typeof OPTIONS>;
type SmokeEncoding = SmokeValues['encodings'][number];

const CPU_RATIO_MAX = 1.25;

/** The bare loop that does the same. Without a window there is nothing to join. */
function peerMode(encoding: SmokeEncoding, window_ms: number): 'frame' | 'window' | 'joined' {
  if (window_ms === 0) return 'frame';
  return encoding === 'ndjson' ? 'joined' : 'window';
}

export const smoke: Scenario<typeof OPTIONS> = {
  name: 'smoke',
  summary: 'CPU per delivery against a bare Bun.serve loop with the same window and message size',
  options: OPTIONS,
  async run(values, progress) {
    requireSenders(values);
    const findings: Findings[] = [];
    for (const encoding of values.encodings) {
      findings.push(await compare(encoding, values, progress));
    }
    return {
      tables: findings.flatMap(({ tables }) => tables),
      targets: findings.flatMap(({ targets }) => targets),
      problems: findings.flatMap(({ problems }) => problems),
      data: { comparisons: findings.map(({ data }) => data) },
    };
  },
};

/** Both servers stay up and warm, and take turns: short turns, because the machine's speed drifts. */
function compare(
  encoding: SmokeEncoding,
  values: SmokeValues,
  progress: Progress,
): Promise<Findings> {
  const { members, senders, deliveries, payload, flush_interval_ms, server_cpu } = values;
  const mode = peerMode(encoding, flush_interval_ms);
  const planFor = (server: ServerPlan): PairPlan => ({
    server,
    client_cpu: values.client_cpu,
    members,
    rooms: 1,
  });
  const traffic = {
    rate: deliveries / members,
    senders,
    payload_bytes: payload,
    warmup_ms: values.warmup_ms,
    duration_ms: values.duration_ms,
    noise_max: values.noise_max,
  };
  // What compiles code is the number of messages. One frame a message would not bear more of them.
  const start_deliveries =
    mode === 'frame' ? deliveries : Math.max(deliveries, values.start_deliveries);
  const start = {
    ...traffic,
    rate: start_deliveries / members,
    warmup_ms: 0,
    duration_ms: values.start_ms,
  };
  const flags = ['--rate-limit', '0', '--flush-interval-ms', String(flush_interval_ms)];

  return Session.with(planFor(hubbub(encoding, server_cpu, flags)), async (candidate) => {
    const { bytes_per_delivery } = (await candidate.measure(start)).figures;
    const bytes = Math.round(bytes_per_delivery);
    progress(`${candidate.plan.server.name}: ${bytes} bytes for each delivery`);
    const bare = bunBare(mode, server_cpu, Math.max(1, flush_interval_ms), bytes);
    return Session.with(planFor(bare), async (baseline) => {
      await baseline.measure(start);
      const pairs = await measurePairs(
        values.pairs,
        () => candidate.measure(traffic),
        () => baseline.measure(traffic),
        progress,
      );
      return summarise(encoding, bare.name, pairs);
    });
  });
}

function summarise(
  encoding: SmokeEncoding,
  peer: string,
  { valid, problems }: Pairs<undefined>,
): Findings {
  if (valid.length === 0) return { tables: [], targets: [], problems, data: { encoding, peer } };
  const ratio = ratioOf(valid, ({ figures }) => figures.cpu_us_per_delivery);
  const name = `CPU per delivery, hubbub ${encoding} ÷ ${peer}`;
  const ratioRow = {
    comparison: name,
    pairs: String(ratio.count),
    median: ratio.median.toFixed(3),
    min: ratio.min.toFixed(3),
    max: ratio.max.toFixed(3),
  };
  const servers = [valid.map((pair) => pair.candidate), valid.map((pair) => pair.baseline)];
  return {
    tables: [servers.map(serverRow), [ratioRow]],
    targets: peer === 'bun-bare joined' ? [atMost(name, CPU_RATIO_MAX, ratio.median, '')] : [],
    problems,
    data: { encoding, peer, ratio, pairs: valid },
  };
}

/** The medians of one server's runs. */
function serverRow(runs: readonly Measurement[]): Record<string, string> {
  const median = (name: keyof Measurement['figures']): number =>
    spreadOf(runs.map(({ figures }) => figures[name])).median;
  const cpu = spreadOf(runs.map(({ figures }) => figures.cpu_us_per_delivery));
  return {
    server: runs[0]?.server ?? '',
    'µs/delivery': cpu.median.toFixed(3),
    'min–max': `${cpu.min.toFixed(3)}–${cpu.max.toFixed(3)}`,
    'bytes/delivery': median('bytes_per_delivery').toFixed(1),
    'messages/frame': median('messages_per_frame').toFixed(1),
    'p50 ms': median('latency_p50_ms').toFixed(2),
    'p99 ms': median('latency_p99_ms').toFixed(2),
    'RSS MiB': median('rss_mib').toFixed(0),
    'waited %': (median('server_waited_share') * 100).toFixed(1),
    'client CPU %': (median('client_cpu_share') * 100).toFixed(0),
  };
}
