import { choice, integer, list, type Values } from '../command/options.ts';
import type { LoadEngine } from '../load/port.ts';
import { until } from '../process/deadline.ts';
import { HUBS } from '../process/hub.ts';
import { coresFor } from '../process/pin.ts';
import { bunBare, hubbub, type RunningServer } from '../process/server.ts';
import { readGauges } from '../process/stats.ts';
import { residentBytes } from '../process/usage.ts';
import { type Held, type LayoutFigures, summariseMemory, type Waves } from './memory_report.ts';
import type { Progress, Scenario } from './scenario.ts';
import { crowdOf, type PairPlan, withPair } from './session.ts';

const OPTIONS = {
  members: integer(10_000, 100, 18_000, 'connections that join and stay silent'),
  layouts: list(['one_room', 'many_rooms'], ['one_room', 'many_rooms'], 'all in one, ten in each'),
  hub: choice('script', HUBS, 'what carries the rooms'),
  workers: integer(1, 1, 256, 'threads that serve connections'),
  settle_ms: integer(5_000, 500, 60_000, 'memory is read once it has not moved for so long'),
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
/** What the allocator takes to give free pages back. */
const PURGE_MS = 2_000;
const LEAVE_MS_MAX = 30_000;
const WAVES = 2;

export const memory: Scenario<typeof OPTIONS> = {
  name: 'memory',
  summary: 'resident memory and own state of members who have joined and stay silent',
  options: OPTIONS,
  async run(values, progress) {
    const bare = await measureHeld(barePlan(values), progress);
    const layouts: LayoutFigures[] = [];
    for (const layout of values.layouts) {
      const plan = planFor(layout, values);
      const resident = await measureResident(plan, values, progress);
      const held = await measureHeld(plan, progress);
      layouts.push({ layout, rooms: plan.rooms, resident, held });
    }
    return summariseMemory(layouts, bare, values.members);
  },
};

interface MemoryPlan extends PairPlan {
  readonly hasGauges: boolean;
}

function planFor(layout: Layout, values: MemoryValues): MemoryPlan {
  const { members, hub, workers, client_cpu } = values;
  const cpus = coresFor(workers, values);
  const server = hubbub({ encoding: 'json', hub, workers, cpus, flags: FLAGS });
  const rooms = layout === 'one_room' ? 1 : Math.ceil(members / MEMBERS_PER_ROOM);
  return { server, client_cpu, members, rooms, hasGauges: true };
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

/** After full collections: what is held, without what is merely not yet collected. */
const measureHeld = (plan: MemoryPlan, progress: Progress): Promise<Waves<Held>> =>
  withPair(
    plan,
    (server, client) =>
      ride(plan, server, client, progress, async () => {
        const heap = await server.heap();
        await Bun.sleep(PURGE_MS);
        return { ...heap, rss_bytes: residentBytes(server.pid) };
      }),
    { withHeapProbe: true },
  );

async function ride<T>(
  plan: MemoryPlan,
  server: RunningServer,
  client: LoadEngine,
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
