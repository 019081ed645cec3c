import { Counter, Gauge, type Metric, Registry } from 'prom-client';
import type { HubStats, ServerStats, WorkerStats } from './stats.ts';

type Read = (worker: WorkerStats) => number;
type ReadHub = (hub: HubStats) => number;
type ReadLabelled = (worker: WorkerStats) => Readonly<Record<string, number>>;

const WORKER_GAUGES: readonly (readonly [name: string, help: string, read: Read])[] = [
  ['hubbub_connections', 'Open WebSocket connections.', (one) => one.connections],
  [
    'hubbub_publishes_in_flight',
    'Publishes the log has not answered.',
    (one) => one.publishes_in_flight,
  ],
];

const HUB_GAUGES: readonly (readonly [name: string, help: string, read: ReadHub])[] = [
  ['hubbub_rooms', 'Rooms held in memory.', (hub) => hub.rooms],
  [
    'hubbub_room_members',
    'Connections in rooms, one in two rooms counted twice.',
    (hub) => hub.members,
  ],
  ['hubbub_history_bytes', 'Size of what rooms remember.', (hub) => hub.history_bytes],
  ['hubbub_pool_bytes', 'Memory of all rooms of the native hub.', (hub) => hub.pool_bytes ?? 0],
];

const HUB_COUNTERS: readonly (readonly [name: string, help: string, read: ReadHub])[] = [
  ['hubbub_records_total', 'Messages accepted into a room’s order.', (hub) => hub.records],
  ['hubbub_events_total', 'Presence and typing events sent to rooms.', (hub) => hub.events],
  ['hubbub_deliveries_total', 'Messages times receivers.', (hub) => hub.deliveries],
  [
    'hubbub_redeliveries_dropped_total',
    'Records the log brought again.',
    (hub) => hub.duplicates_dropped,
  ],
  ['hubbub_overruns_total', 'Rooms whose unpublished messages were let go.', (hub) => hub.overruns],
  [
    'hubbub_records_lost_total',
    'Messages that members could not be sent any more.',
    (hub) => hub.records_lost,
  ],
];

const WORKER_COUNTERS: readonly (readonly [name: string, help: string, read: Read])[] = [
  [
    'hubbub_connections_opened_total',
    'Connections accepted.',
    (one) => one.counters.connections_opened,
  ],
  [
    'hubbub_frames_received_total',
    'Data frames from clients.',
    (one) => one.counters.frames_received,
  ],
  [
    'hubbub_received_bytes_total',
    'Payload of data frames from clients.',
    (one) => one.counters.bytes_received,
  ],
  [
    'hubbub_messages_received_total',
    'Publishes asked for.',
    (one) => one.counters.messages_received,
  ],
  [
    'hubbub_commands_received_total',
    'Other messages from clients.',
    (one) => one.counters.commands_received,
  ],
  [
    'hubbub_frames_published_total',
    'Frames handed to topics.',
    (one) => one.counters.frames_published,
  ],
  [
    'hubbub_published_bytes_total',
    'Payload handed to topics, before fan-out.',
    (one) => one.counters.bytes_published,
  ],
  [
    'hubbub_rate_limited_total',
    'Messages refused for coming too fast.',
    (one) => one.counters.rate_limited,
  ],
  ['hubbub_refused_total', 'Messages answered with an error.', (one) => one.counters.refused],
  [
    'hubbub_malformed_total',
    'Frames or messages that made no sense.',
    (one) => one.counters.malformed,
  ],
  ['hubbub_handler_failures_total', 'Handlers that threw.', (one) => one.counters.handler_failures],
];

const LABELLED: readonly (readonly [
  name: string,
  help: string,
  label: string,
  read: ReadLabelled,
])[] = [
  [
    'hubbub_connections_closed_total',
    'Connections ended, by cause.',
    'cause',
    (one) => one.counters.closed,
  ],
  [
    'hubbub_upgrades_refused_total',
    'Upgrades turned down, by reason.',
    'reason',
    (one) => one.counters.upgrades_refused,
  ],
];

/**
 * The Prometheus view of `/stats`, which is read once for each scrape: its values belong together.
 * @returns what renders the text exposition format
 */
export function createMetrics(
  read: () => ServerStats,
): () => Promise<{ contentType: string; body: string }> {
  const registry = new Registry();
  let scraped: ServerStats | undefined;
  const stats = (): ServerStats => scraped ?? read();
  const workers = () => stats().workers;
  const metrics = [
    ...WORKER_GAUGES.map(([name, help, of]) =>
      gauge(name, help, () => workers().reduce((sum, one) => sum + of(one), 0)),
    ),
    ...HUB_GAUGES.map(([name, help, of]) => gauge(name, help, () => of(stats().hub))),
    gauge('hubbub_resident_memory_bytes', 'Resident memory of the process.', () =>
      process.memoryUsage.rss(),
    ),
    gauge('hubbub_log_up', 'Whether the log accepts messages.', () =>
      stats().log_trouble === undefined ? 1 : 0,
    ),
    gauge('hubbub_uptime_seconds', 'Seconds since the start.', () => stats().uptime_s),
    info(stats),
    ...WORKER_COUNTERS.map(([name, help, of]) => workerCounter(name, help, workers, of)),
    ...HUB_COUNTERS.map(([name, help, of]) => total(name, help, () => of(stats().hub))),
    ...LABELLED.map(([name, help, label, of]) => labelled(name, help, label, workers, of)),
    total('hubbub_cpu_seconds_total', 'CPU time of the process.', () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    }),
  ];
  for (const metric of metrics) registry.registerMetric(metric);
  return async () => {
    scraped = read();
    return { contentType: registry.contentType, body: await registry.metrics() };
  };
}

const gauge = (name: string, help: string, read: () => number): Metric =>
  new Gauge({
    name,
    help,
    registers: [],
    collect() {
      this.set(read());
    },
  });

const info = (stats: () => ServerStats): Metric =>
  new Gauge({
    name: 'hubbub_info',
    help: 'Which server this is.',
    labelNames: ['version', 'bun', 'hub', 'log'],
    registers: [],
    collect() {
      const { version, bun, hub, log } = stats();
      this.set({ version, bun, hub: hub.kind, log }, 1);
    },
  });

const workerCounter = (
  name: string,
  help: string,
  workers: () => readonly WorkerStats[],
  read: Read,
): Metric =>
  new Counter({
    name,
    help,
    labelNames: ['worker'],
    registers: [],
    collect() {
      this.reset();
      for (const one of workers()) this.inc({ worker: one.worker }, read(one));
    },
  });

const labelled = (
  name: string,
  help: string,
  label: string,
  workers: () => readonly WorkerStats[],
  read: ReadLabelled,
): Metric =>
  new Counter({
    name,
    help,
    labelNames: ['worker', label],
    registers: [],
    collect() {
      this.reset();
      for (const one of workers()) {
        for (const [value, count] of Object.entries(read(one))) {
          this.inc({ worker: one.worker, [label]: value }, count);
        }
      }
    },
  });

/** A counter of the whole process. */
const total = (name: string, help: string, read: () => number): Metric =>
  new Counter({
    name,
    help,
    registers: [],
    collect() {
      this.reset();
      this.inc(read());
    },
  });
