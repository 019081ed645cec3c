import { integer, list, type Values } from '../command/options.ts';
import type { RemoteLoadClient } from '../load/remote.ts';
import { until } from '../process/deadline.ts';
import type { HeapReport } from '../process/heap_probe.ts';
import { bunBare, hubbub, type RunningServer } from '../process/server.ts';
import { readGauges } from '../process/stats.ts';
import { residentBytes } from '../process/usage.ts';
import type { Findings } from '../report/result.ts';
import { atMost, type Target } from '../report/target.ts';
import type { Progress, Scenario } from './scenario.ts';
import { crowdOf, type PairPlan, withPair } from './session.ts';

const OPTIONS = {
  members: integer(10_000, 100, 18_000, 'connections that join and stay silent'),
  layouts: list(['one_room', 'many_rooms'], ['one_room', 'many_rooms'], 'all in one, ten in each'),
  settle_ms: integer(10_000, 500, 60_000, 'memory is read once it has not moved for so long'),
  server_cpu: integer(0, 0, 1_023, 'core of the server'),
  client_cpu: integer(1, 0, 1_023, 'core of the load client'),
};

type MemoryValues = Values<typeof OPTIONS>;
type Layout = MemoryValues['layouts'][number];

const MEMBERS_PER_ROOM = 10;
/** Rooms that nobody is in must go soon, for their gauge to be seen at zero. */
const FLAGS = ['--room-idle-ms-max', '1000'];
const SETTLE_LOOKS = 10;
const SETTLE_LOOKS_MAX = 6 * SETTLE_LOOKS;
const CALM_SHARE = 0.01;
const LEAVE_MS_MAX = 30_000;
const WAVES = 2;

const RSS_KIB_MAX = 4;
/** What a second wave may add to the first one's, a member: the runtime gives back in large pieces. */
const ADDED_KIB_MAX = 0.25;
const OWN_STATE_KIB_MAX = 1;
/** What the heap may keep of a second wave beyond a first one's, a member: tables grow in steps. */
const KEPT_KIB_MAX = 0.02;

export const memory: Scenario<typeof OPTIONS> = {
  name: 'memory',
  summary: 'resident memory and own state of members who have joined and stay silent',
  options: OPTIONS,
  async run(values, progress) {
    const bare = await measureHeap(barePlan(values), progress);
    const layouts: LayoutFigures[] = [];
    for (const layout of values.layouts) {
      const plan = planFor(layout, values);
      const resident = await measureResident(plan, values, progress);
      const heap = await measureHeap(plan, progress);
      layouts.push({ layout, rooms: plan.rooms, resident, heap });
    }
    return summarise(layouts, bare, values.members);
  },
};

interface LayoutFigures {
  readonly layout: Layout;
  readonly rooms: number;
  readonly resident: Waves<number>;
  readonly heap: Waves<HeapReport>;
}

/** One reading of an idle server, then two of each wave: everybody in, everybody gone. */
interface Waves<T> {
  readonly idle: T;
  readonly waves: readonly { readonly joined: T; readonly left: T }[];
  readonly problems: readonly string[];
}

interface MemoryPlan extends PairPlan {
  readonly hasGauges: boolean;
}

function planFor(layout: Layout, values: MemoryValues): MemoryPlan {
  const { members, server_cpu, client_cpu } = values;
  const rooms = layout === 'one_room' ? 1 : Math.ceil(members / MEMBERS_PER_ROOM);
  return { server: hubbub('json', server_cpu, FLAGS), client_cpu, members, rooms, hasGauges: true };
}

function barePlan({ members, server_cpu, client_cpu }: MemoryValues): MemoryPlan {
  const server = bunBare('frame', server_cpu, 1, 0);
  return { server, client_cpu, members, rooms: 1, hasGauges: false };
}

/** The plain server, left alone: what the process costs its machine. */
const measureResident = (
  plan: MemoryPlan,
  { settle_ms }: MemoryValues,
  progress: Progress,
): Promise<Waves<number>> =>
  withPair(plan, (server, client) =>
    ride(plan, server, client, progress, () => settledBytes(server, settle_ms)),
  );

/** The runtime gives memory back when it finds time to: reads until nothing moves any more. */
async function settledBytes({ pid }: RunningServer, settle_ms: number): Promise<number> {
  let bytes = residentBytes(pid);
  let calm_looks = 0;
  for (let look = 0; look < SETTLE_LOOKS_MAX && calm_looks < SETTLE_LOOKS; look += 1) {
    await Bun.sleep(settle_ms / SETTLE_LOOKS);
    const now_bytes = residentBytes(pid);
    const isCalm = Math.abs(now_bytes - bytes) <= bytes * CALM_SHARE;
    calm_looks = isCalm ? calm_looks + 1 : 0;
    if (!isCalm) bytes = now_bytes;
  }
  return residentBytes(pid);
}

/** The heap after full collections: what is held, without what is merely not yet collected. */
const measureHeap = (plan: MemoryPlan, progress: Progress): Promise<Waves<HeapReport>> =>
  withPair(plan, (server, client) => ride(plan, server, client, progress, () => server.heap()), {
    withHeapProbe: true,
  });

async function ride<T>(
  plan: MemoryPlan,
  server: RunningServer,
  client: RemoteLoadClient,
  progress: Progress,
  read: () => Promise<T>,
): Promise<Waves<T>> {
  const problems: string[] = [];
  const idle = await read();
  const waves: { joined: T; left: T }[] = [];
  for (let wave = 1; wave <= WAVES; wave += 1) {
    const crowd = await client.connect(crowdOf(plan, server));
    progress(`${plan.server.name}: ${crowd.joined} joined ${plan.rooms} rooms, wave ${wave}`);
    if (crowd.failed > 0) problems.push(`${crowd.failed} could not join: ${crowd.failure}`);
    if (plan.hasGauges) problems.push(...(await checkGauges(server, plan)));
    const joined = await read();
    await client.disconnect();
    if (plan.hasGauges) await untilEmpty(server);
    waves.push({ joined, left: await read() });
  }
  return { idle, waves, problems };
}

async function checkGauges(server: RunningServer, plan: MemoryPlan): Promise<string[]> {
  const { connections, members, rooms } = await readGauges(server.port);
  const isRight = connections === plan.members && members === plan.members && rooms === plan.rooms;
  return isRight
    ? []
    : [`the gauges show ${connections} connections, ${members} members, ${rooms} rooms`];
}

/** @throws Error when a gauge does not return to zero */
const untilEmpty = (server: RunningServer): Promise<void> =>
  until(
    LEAVE_MS_MAX,
    async () => {
      const { connections, members, rooms, history_bytes } = await readGauges(server.port);
      return connections + members + rooms + history_bytes === 0;
    },
    'connections, members, rooms and history to return to zero',
  );

function summarise(
  layouts: readonly LayoutFigures[],
  bare: Waves<HeapReport>,
  members: number,
): Findings {
  const kib = (bytes: number): number => bytes / 1_024 / members;
  const bare_bytes = grownHeap(bare)[0] ?? 0;
  const rows: Record<string, string>[] = [];
  const targets: Target[] = [];
  const objects: Record<string, string>[] = [];
  for (const { layout, rooms, resident, heap } of layouts) {
    const name = layout.replace('_', ' ');
    const [first_rss = 0, second_rss = 0] = resident.waves.map(
      ({ joined }) => joined - resident.idle,
    );
    const [first_heap = 0] = grownHeap(heap);
    const [first_kept = 0, second_kept = 0] = heap.waves.map(({ left }) => left.heap_bytes);
    const own_kib = kib(first_heap - bare_bytes);
    const kept_kib = kib(second_kept - first_kept);
    rows.push({
      layout: name,
      rooms: String(rooms),
      'idle MiB': (resident.idle / 2 ** 20).toFixed(1),
      'RSS KiB/member': kib(first_rss).toFixed(2),
      'second wave': kib(second_rss).toFixed(2),
      'left MiB': ((resident.waves.at(-1)?.left ?? 0) / 2 ** 20).toFixed(1),
      'heap KiB/member': kib(first_heap).toFixed(2),
      'own KiB/member': own_kib.toFixed(2),
      'kept by second': kept_kib.toFixed(3),
    });
    objects.push({ layout: name, 'heap objects for each member': objectsLine(heap, members) });
    targets.push(
      atMost(`RSS for each member, ${name}`, RSS_KIB_MAX, kib(first_rss), ' KiB'),
      atMost(
        `RSS added by a second wave, ${name}`,
        ADDED_KIB_MAX,
        kib(second_rss - first_rss),
        ' KiB',
      ),
      atMost(`own state for each member, ${name}`, OWN_STATE_KIB_MAX, own_kib, ' KiB'),
      atMost(`heap kept by a second wave, ${name}`, KEPT_KIB_MAX, kept_kib, ' KiB'),
    );
  }
  const problems = [bare, ...layouts.flatMap(({ resident, heap }) => [resident, heap])];
  return {
    tables: [rows, objects],
    targets,
    problems: problems.flatMap((waves) => waves.problems),
    data: { members, bare, layouts },
  };
}

const grownHeap = ({ idle, waves }: Waves<HeapReport>): number[] =>
  waves.map(({ joined }) => joined.heap_bytes - idle.heap_bytes);

/** What the heap holds of each kind, at least one for every ten members. */
function objectsLine({ idle, waves }: Waves<HeapReport>, members: number): string {
  return Object.entries(waves[0]?.joined.objects ?? {})
    .map(([kind, count]) => [kind, (count - (idle.objects[kind] ?? 0)) / members] as const)
    .filter(([, count]) => count >= 0.1)
    .toSorted(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${kind} ${count.toFixed(1)}`)
    .join(', ');
}
