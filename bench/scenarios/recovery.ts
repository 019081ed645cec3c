import { choice, integer, requireSenders, type Values } from '../command/options.ts';
import { payloadBytesMin } from '../load/chat.ts';
import { roomName } from '../load/client.ts';
import { SlowMember } from '../load/slow_member.ts';
import { until, within } from '../process/deadline.ts';
import { HUBS } from '../process/hub.ts';
import { coresFor } from '../process/pin.ts';
import { hubbub } from '../process/server.ts';
import { readGauges } from '../process/stats.ts';
import { residentBytes } from '../process/usage.ts';
import type { Findings } from '../report/result.ts';
import { spreadOf } from '../report/statistics.ts';
import { atMost } from '../report/target.ts';
import { measurePairs, type Pairs, ratioOf } from './pairs.ts';
import type { Scenario } from './scenario.ts';
import { crowdOf, type Measurement, type PairPlan, Session, type Traffic } from './session.ts';

const OPTIONS = {
  pairs: integer(5, 1, 100, 'runs with and without the slow reader, alternating'),
  hub: choice('script', HUBS, 'what carries the rooms'),
  workers: integer(1, 1, 256, 'threads that serve connections'),
  members: integer(100, 1, 10_000, 'connections in one room beside the slow reader'),
  senders: integer(10, 1, 10_000, 'members who send'),
  rate: integer(1_000, 1, 1_000_000, 'messages/s'),
  payload: integer(1_024, payloadBytesMin(roomName(0)), 16_384, 'bytes of a client’s chat frame'),
  warmup_ms: integer(1_500, 0, 600_000, 'traffic before the reader stops and the window opens'),
  duration_ms: integer(10_000, 500, 600_000, 'the measured window'),
  noise_max: integer(100, 1, 100, '% of a run that a core may be busy with others; else again'),
  server_cpu: integer(0, 0, 1_023, 'core of the server'),
  client_cpu: integer(1, 0, 1_023, 'core of the load client'),
};

type SlowReaderValues = Values<typeof OPTIONS>;

const P99_RATIO_MAX = 1.1;
/** Past its soft limit of 1 MiB a connection is closed, at twice that it is cut; buffers double. */
const BUFFER_MIB_MAX = 4;
const SAMPLE_MS = 50;
/** As much history as a server may be told to keep: what it missed must be there when it returns. */
const FLAGS = ['--rate-limit', '0', '--history-records-max', '1000000'].concat(
  '--history-bytes-max',
  String(2 ** 20),
);
const STOPPED_MS_MAX = 60_000;

/** What was seen beside the traffic of one run. */
interface Witness {
  readonly peak_rss_mib: number;
  /** Absent in a run without the slow reader. */
  readonly story?: SlowStory;
}

/** What became of the slow reader. */
interface SlowStory {
  /** From its last reading to the server giving it up. */
  readonly given_up_after_ms: number;
  /** The server's reason. */
  readonly closed_for: string;
  /** Of the close frame it found behind what was buffered; undefined when there was none. */
  readonly close_code?: number;
  readonly recovered: boolean;
  readonly replayed: number;
  /** Records missing from what it was given, over both connections. */
  readonly gaps: number;
  /** Records it had not been given when the traffic was over. */
  readonly behind: number;
}

export const recovery: Scenario<typeof OPTIONS> = {
  name: 'recovery',
  summary:
    'the others’ latency with and without a member who stops reading, and what becomes of it',
  options: OPTIONS,
  async run(values, progress) {
    requireSenders(values);
    const plan = planFor(values);
    const traffic = trafficFor(values);
    const run = (withSlowReader: boolean) => (): Promise<Measurement<Witness>> =>
      Session.with(plan, (session) =>
        session.measureBeside(traffic, watch(session, traffic, withSlowReader)),
      );
    return summarise(await measurePairs(values.pairs, run(true), run(false), progress));
  },
};

function planFor(values: SlowReaderValues): PairPlan {
  const { members, hub, workers, client_cpu } = values;
  const cpus = coresFor(workers, values);
  const server = hubbub({ encoding: 'ndjson', hub, workers, cpus, flags: FLAGS });
  return { server, client_cpu, members, rooms: 1 };
}

function trafficFor(values: SlowReaderValues): Traffic {
  const { rate, senders, payload: payload_bytes, warmup_ms, duration_ms, noise_max } = values;
  return { rate, senders, payload_bytes, warmup_ms, duration_ms, noise_max };
}

/** Reads the server's memory in both kinds of run, so that this costs both the same. */
async function watch(
  { plan, server }: Session,
  traffic: Traffic,
  withSlowReader: boolean,
): Promise<Witness> {
  let peak_bytes = 0;
  const sample = setInterval(() => {
    peak_bytes = Math.max(peak_bytes, residentBytes(server.pid));
  }, SAMPLE_MS);
  try {
    const over = Bun.sleep(traffic.warmup_ms + traffic.duration_ms);
    const member = new SlowMember(crowdOf(plan, server).target, roomName(0));
    const story = withSlowReader
      ? await liveThrough(member, server.port, traffic, over)
      : undefined;
    await over;
    const peak_rss_mib = peak_bytes / 2 ** 20;
    return story === undefined ? { peak_rss_mib } : { peak_rss_mib, story };
  } finally {
    clearInterval(sample);
  }
}

/** Joins, stops reading as the window opens, is given up, finds out, comes back and catches up. */
async function liveThrough(
  member: SlowMember,
  port: number,
  { warmup_ms, duration_ms, rate }: Traffic,
  over: Promise<void>,
): Promise<SlowStory> {
  await member.join();
  await Bun.sleep(warmup_ms);
  member.stopReading();
  const stopped_ms = performance.now();
  const closed_for = await untilGivenUp(port);
  const given_up_after_ms = performance.now() - stopped_ms;
  const close_code = await within(
    STOPPED_MS_MAX,
    member.readUntilClosed(),
    'the slow reader’s connection to end',
  );
  const { recovered, replayed } = await member.join();
  await over;
  const last = Math.floor((rate * (warmup_ms + duration_ms)) / 1_000);
  await until(STOPPED_MS_MAX, () => member.offset >= last, 'the slow reader to catch up').catch(
    () => undefined,
  );
  const { gaps } = member;
  member.leave();
  return {
    given_up_after_ms,
    closed_for,
    ...(close_code === undefined ? undefined : { close_code }),
    recovered,
    replayed,
    gaps,
    behind: last - member.offset,
  };
}

/** @returns the server's reason */
async function untilGivenUp(port: number): Promise<string> {
  let cause: string | undefined;
  await until(
    STOPPED_MS_MAX,
    async () => {
      const { closed } = await readGauges(port);
      cause = Object.keys(closed).find((name) => name.includes('slow_reader'));
      return cause !== undefined;
    },
    'the server to give up the slow reader',
  );
  return cause ?? '';
}

function summarise({ valid, problems }: Pairs<Witness>): Findings {
  if (valid.length === 0) return { tables: [], targets: [], problems, data: {} };
  const p99 = ratioOf(valid, ({ figures }) => figures.latency_p99_ms);
  const buffer = spreadOf(
    valid.map((pair) => pair.candidate.beside.peak_rss_mib - pair.baseline.beside.peak_rss_mib),
  );
  const stories = valid.flatMap(({ candidate }) => candidate.beside.story ?? []);
  return {
    tables: [valid.map(pairRow), stories.map(storyRow)],
    targets: [
      atMost('others’ p99, with ÷ without the slow reader', P99_RATIO_MAX, p99.median, ''),
      atMost('peak RSS, with less without it', BUFFER_MIB_MAX, buffer.median, ' MiB'),
    ],
    problems: [...problems, ...stories.flatMap(problemsOf)],
    data: { p99, buffer, pairs: valid },
  };
}

const pairRow = ({ candidate, baseline }: Pairs<Witness>['valid'][number]) => ({
  'p99 ms with': candidate.figures.latency_p99_ms.toFixed(2),
  without: baseline.figures.latency_p99_ms.toFixed(2),
  ratio: (candidate.figures.latency_p99_ms / baseline.figures.latency_p99_ms).toFixed(3),
  'p50 ms with': candidate.figures.latency_p50_ms.toFixed(2),
  'p50 ms without': baseline.figures.latency_p50_ms.toFixed(2),
  'waited % with': (candidate.figures.server_waited_share * 100).toFixed(1),
  'waited % without': (baseline.figures.server_waited_share * 100).toFixed(1),
  'peak MiB with': candidate.beside.peak_rss_mib.toFixed(1),
  'peak MiB without': baseline.beside.peak_rss_mib.toFixed(1),
});

const storyRow = (story: SlowStory) => ({
  'given up after ms': story.given_up_after_ms.toFixed(0),
  for: story.closed_for,
  'close code': String(story.close_code ?? 'none'),
  recovered: String(story.recovered),
  replayed: String(story.replayed),
  gaps: String(story.gaps),
  behind: String(story.behind),
});

function problemsOf({ recovered, gaps, behind }: SlowStory): string[] {
  return [
    ...(recovered ? [] : ['the slow reader did not recover by offset']),
    ...(gaps === 0 ? [] : [`the slow reader saw ${gaps} gaps`]),
    ...(behind === 0 ? [] : [`the slow reader never received ${behind} records`]),
  ];
}
