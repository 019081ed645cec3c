import { MessageChannel } from 'node:worker_threads';
import project from '../package.json';
import { AdminApi } from './admin/api.ts';
import { connectionsFromDescriptors } from './config/descriptors.ts';
import { poolBytesFromMemory } from './config/memory.ts';
import type { Config } from './config/options.ts';
import { usableProcessors } from './config/processors.ts';
import { sessionSecret } from './config/secret.ts';
import { Occupancy, type SharedOccupancy } from './edge/occupancy.ts';
import { Origins } from './edge/origins.ts';
import { Edge } from './edge/server.ts';
import { ConfigError } from './errors.ts';
import { type Addon, loadAddon } from './hub/native/addon.ts';
import { NativeHub } from './hub/native/hub.ts';
import { batchBytes, openNativeHub } from './hub/native/open.ts';
import type { Hub, HubCounters, HubEvents } from './hub/port.ts';
import { Pump } from './hub/pump.ts';
import { ScriptHub } from './hub/script.ts';
import { openIdentity } from './identity/open.ts';
import { keepTidy } from './identity/tidy.ts';
import { MemoryLog } from './log/memory.ts';
import type { Log, LogSink } from './log/port.ts';
import { RemoteLog } from './log/remote.ts';
import { SharedMemoryLog } from './log/shared_memory.ts';
import { RoomDirectory } from './room/directory.ts';
import { checkRoomNames } from './room/names.ts';
import { MemoryStorage } from './storage/memory.ts';
import type { Storage } from './storage/port.ts';
import { connectStorage, hostStorage } from './storage/remote.ts';
import { CounterBoard } from './telemetry/counters.ts';
import type { Logger } from './telemetry/logger.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { type HubStats, type ServerStats, workerStats } from './telemetry/stats.ts';
import type { PageAssets } from './web/assets.ts';
import { buildPage } from './web/build.ts';
import { type Keeper, type KeeperPorts, KeeperThread } from './workers/keeper.ts';
import { WorkerPool } from './workers/pool.ts';
import { lockPort } from './workers/port_lock.ts';

const SWEEP_INTERVAL_MS = 1_000;
const JOINED_USERS_MAX = 100;
const WORKER_ENTRY = new URL('./worker.ts', import.meta.url);
const KEEPER_ENTRY = new URL('./keeper.ts', import.meta.url);

/** The running server, as the process around it sees it. */
export interface App {
  /** With what was left open filled in. */
  readonly config: Config;
  readonly port: number;
  readonly workers: number;
  readonly hub: HubChoice;
  readonly log: string;
  /** Resolves with the reason when the server cannot go on as a whole. */
  readonly failed: Promise<Error>;
  /** Sends everybody away in time and stops; what the log has accepted is kept as it promises. */
  stop(): Promise<void>;
  /** Whoever has not gone by now is no longer waited for. */
  hurry(): void;
}

/** One thread of it: alone in the process, or a worker among others. */
export interface Thread {
  readonly port: number;
  readonly stats: () => ServerStats;
  /**
   * Lets nobody in any more and sends everybody away; when they have gone, or their time is up, accepts
   * nothing more. Resolves when the log has answered everything.
   */
  drain(): Promise<void>;
  /** Ends the wait of `drain`. */
  hurry(): void;
  /** Delivers what is pending, closes whoever is left, and stops. */
  stop(): Promise<void>;
}

/** Makes the log, given where its answers go. Tests put another one in. */
export type ConnectLog = (sink: LogSink) => Log;

/** Which hub carries rooms. @property id of the native hub that all threads share */
export type HubChoice =
  | { readonly kind: 'native'; readonly id: number }
  /** @property fallback why it is this one although nobody asked for it */
  | { readonly kind: 'script'; readonly fallback?: string };

/** Everything a thread starts from: plain data and shared memory, which can be sent to a worker. */
export interface ThreadStart extends KeeperPorts {
  /** With the secret and the caps filled in: what was left open is the same for all. */
  readonly config: Config;
  readonly worker: number;
  readonly workers: number;
  readonly port: number;
  readonly hub: HubChoice;
  readonly started_at_ms: number;
  readonly counters: SharedArrayBuffer;
  readonly occupancy: SharedOccupancy;
  /** The chat page; without it there is nothing at `/`. */
  readonly page: PageAssets;
}

/**
 * The composition root: the only place that picks adapters and starts workers.
 * @throws ConfigError when the configuration asks for what this machine does not have, or cannot be
 */
export async function startApp(config: Config, logger: Logger): Promise<App> {
  const start = { ...prepare(config), page: await buildPage() };
  const { workers, hub } = start;
  const settled = { config: start.config, workers, hub };
  if (hub.kind === 'script' && hub.fallback !== undefined) {
    logger.warn({ hub: 'script', reason: hub.fallback }, 'the TypeScript hub serves on one thread');
  }
  // First, so that a server whose port is taken touches nothing.
  const port = workers === 1 ? config.port : lockPort(config.host, config.port);
  const keeper = await openKeeper(start);
  if (workers === 1) {
    const thread = startThread({ ...start, ...keeper.ports[0] }, logger);
    const stop = async () => {
      await thread.drain();
      await keeper.stop();
      await thread.stop();
    };
    const { log } = thread.stats();
    const { failed } = keeper;
    return { ...settled, port: thread.port, log, failed, stop, hurry: () => thread.hurry() };
  }
  const starts = Array.from({ length: workers }, (_, worker) => {
    const ports = keeper.ports[worker] ?? {};
    return { data: { ...start, port, worker, ...ports }, transfer: Object.values(ports) };
  });
  const pool = await WorkerPool.start(WORKER_ENTRY, starts);
  const stop = async () => {
    await pool.ask('drain');
    await keeper.stop();
    await pool.ask('stop');
  };
  const failed = Promise.race([pool.failed, keeper.failed]);
  return { ...settled, port, log: pool.log, failed, stop, hurry: () => pool.tell('hurry') };
}

/** What outlives the process has a thread of its own. What is in memory, and all workers share, is here. */
async function openKeeper({ config, hub, workers }: ThreadStart): Promise<Keeper> {
  const { log, storage } = config;
  if (log !== 'memory' || (storage !== 'auto' && storage !== 'memory')) {
    const place = hub.kind === 'native' ? { id: hub.id, worker: workers } : undefined;
    return KeeperThread.start(KEEPER_ENTRY, config, place, workers);
  }
  const shared = new MemoryStorage();
  const channels = Array.from({ length: workers }, () => new MessageChannel());
  for (const { port1 } of channels) hostStorage(shared, port1);
  return {
    failed: new Promise(() => undefined),
    ports: channels.map(({ port2: storage_port }) => ({ storage_port })),
    stop: async () => {
      for (const { port1 } of channels) port1.close();
    },
  };
}

/**
 * Settles what all threads have in common, for a thread that serves alone and without the chat page.
 * @throws ConfigError when the configuration asks for what this machine does not have, or cannot be
 */
export function prepare(given: Config): ThreadStart {
  checkRoomNames(given);
  const config = {
    ...given,
    session_secret: sessionSecret(given),
    connections_max: given.connections_max || connectionsFromDescriptors(),
    pool_bytes_max: given.pool_bytes_max || poolBytesFromMemory(),
  };
  const { hub, workers } = chooseHub(config);
  return {
    config: { ...config, workers },
    worker: 0,
    workers,
    port: config.port,
    hub,
    started_at_ms: Date.now(),
    counters: new CounterBoard(workers).memory,
    occupancy: Occupancy.share(config),
    page: new Map(),
  };
}

function chooseHub(config: Config): { readonly hub: HubChoice; readonly workers: number } {
  const addon = config.hub === 'script' ? undefined : loadAddon();
  if (typeof addon === 'object') {
    const workers = config.workers || usableProcessors();
    if (workers > 1 && process.platform !== 'linux') {
      if (config.workers === 0) return { hub: nativeHub(addon, config, 1), workers: 1 };
      throw new ConfigError('--workers: only Linux spreads connections over threads.');
    }
    return { hub: nativeHub(addon, config, workers), workers };
  }
  const reason = addon === undefined ? undefined : `the addon ${addon}`;
  if (config.hub === 'native') {
    throw new ConfigError(`--hub native: ${reason}; bun run build:native says more.`);
  }
  if (config.workers > 1) {
    const why = reason ?? 'the TypeScript hub serves on one thread';
    throw new ConfigError(`--workers ${config.workers}: ${why}; threads share the native hub.`);
  }
  const hub: HubChoice =
    reason === undefined ? { kind: 'script' } : { kind: 'script', fallback: reason };
  return { hub, workers: 1 };
}

/** A log in a thread of its own has a place in the hub beside those of the workers. */
const nativeHub = (addon: Addon, config: Config, workers: number): HubChoice => ({
  kind: 'native',
  id: openNativeHub(
    addon,
    { ...config, joined_users_max: JOINED_USERS_MAX },
    config.log === 'memory' ? workers : workers + 1,
  ),
});

/**
 * Starts what serves connections on the calling thread.
 * @throws ConfigError when the address cannot be had
 */
export function startThread(
  start: ThreadStart,
  logger: Logger,
  connectLog?: ConnectLog,
  storage: Storage = storageOf(start),
): Thread {
  const { config, worker, workers } = start;
  const limits = { ...config, joined_users_max: JOINED_USERS_MAX };
  const board = new CounterBoard(workers, start.counters);
  const counters = board.ofWorker(worker);

  const events: HubEvents = {
    publish: (room, encoding, data, count) => edge.publish(room, encoding, data, count),
    wake: (due_ms) => pump.wake(due_ms),
    overrun: (room, after) => {
      rooms.refill(room, after).catch((error: unknown) => {
        logger.warn({ err: error }, 'an overrun room could not be refilled from the log');
        hub.fill(room, []);
      });
    },
  };
  const engine = openEngine(start, limits, events);
  const { hub } = engine;
  const pump = new Pump(hub, engine.clock);
  const rooms = new RoomDirectory(
    connectLog ?? logOf(start) ?? engine.connectLog,
    hub,
    limits,
    counters,
  );
  const accounts = hasAccounts(config, storage) ? storage : undefined;
  const identity = openIdentity(config, logger, accounts, () => edge.dismissRevoked());
  const stopTidying = accounts && worker === 0 ? keepTidy(accounts, logger) : undefined;
  const started_ms = performance.now() - (Date.now() - start.started_at_ms);
  const fallback = start.hub.kind === 'script' ? start.hub.fallback : undefined;
  const stats = (): ServerStats => ({
    // First, because the others go on: who is no longer counted here has left the hub as well.
    workers: workerStats(board),
    version: project.version,
    bun: Bun.version,
    started_at: new Date(start.started_at_ms).toISOString(),
    uptime_s: (performance.now() - started_ms) / 1_000,
    ready: edge.isReady,
    log: rooms.logKind,
    ...(rooms.logTrouble === undefined ? {} : { log_trouble: rooms.logTrouble }),
    hub: { kind: hub.kind, ...(fallback === undefined ? {} : { fallback }), ...engine.stats() },
  });
  const edge = new Edge({
    limits,
    port: start.port,
    occupancy: new Occupancy(config, start.occupancy),
    origins: new Origins(config.allowed_origins),
    sessions: { rooms, authenticator: identity.authenticator, limits, counters },
    counters,
    telemetry: { stats, metrics: createMetrics(stats) },
    page: start.page,
    admin: config.admin_key === '' ? undefined : new AdminApi(config, storage),
    logger,
  });
  const sweep = setInterval(() => rooms.sweep(performance.now()), SWEEP_INTERVAL_MS);

  return {
    port: edge.port,
    stats,
    async drain() {
      await edge.drain();
      clearInterval(sweep);
      await rooms.stop();
      identity.stop();
      stopTidying?.();
      await storage.stop();
    },
    hurry: () => edge.hurry(),
    async stop() {
      // What the log has accepted reaches its readers before they are sent away.
      hub.flush(Number.POSITIVE_INFINITY);
      pump.stop();
      await edge.stop();
      engine.close();
    },
  };
}

/** Without a key nobody could have made any, unless it was at another time. */
const hasAccounts = (config: Config, storage: Storage): boolean =>
  config.admin_key !== '' || storage.kind !== 'memory';

/** What all workers share; a thread that was started alone has one to itself. */
function storageOf({ config, storage_port }: ThreadStart): Storage {
  if (storage_port === undefined) return new MemoryStorage();
  const kind = config.storage === 'auto' ? config.log : config.storage;
  return connectStorage(storage_port, kind, config.log_timeout_ms);
}

/** The log that lives in a thread of its own, where the configuration asks for one. */
function logOf({ config, log_port }: ThreadStart): ConnectLog | undefined {
  const { log: kind, log_records_max } = config;
  if (kind === 'memory') return undefined;
  if (log_port === undefined) throw new ConfigError(`--log ${kind}: its thread was not started.`);
  const recovery_records = log_records_max || Number.MAX_SAFE_INTEGER;
  return (sink) => new RemoteLog(sink, log_port, { ...config, kind, recovery_records });
}

/** What carries rooms on one thread, and the log that goes with it. */
interface Engine {
  readonly hub: Hub;
  readonly connectLog: ConnectLog;
  /** The clock of the hub's due times, in milliseconds. */
  readonly clock: () => number;
  stats(): HubCounters & Pick<HubStats, 'pool_bytes'>;
  close(): void;
}

type EngineLimits = ConstructorParameters<typeof ScriptHub>[0] & Config;

function openEngine(start: ThreadStart, limits: EngineLimits, events: HubEvents): Engine {
  if (start.hub.kind === 'native') return nativeEngine(start.hub.id, start, limits, events);
  const clock = () => performance.now();
  const hub = new ScriptHub(limits, events, clock);
  return {
    hub,
    connectLog: (sink) => new MemoryLog(sink, limits),
    clock,
    stats: () => hub.counters(),
    close: () => undefined,
  };
}

/** The addon decides and spreads in one step: its memory log is the hub's own. */
function nativeEngine(
  id: number,
  { worker }: ThreadStart,
  limits: EngineLimits,
  events: HubEvents,
): Engine {
  const addon = loadAddon();
  if (typeof addon === 'string') throw new ConfigError(`--hub native: the addon ${addon}.`);
  // Each thread's `performance` counts from its own start; the hub compares times of all of them.
  const origin_ms = addon.monotonicMs() - performance.now();
  const clock = () => origin_ms + performance.now();
  let log: SharedMemoryLog | undefined;
  const door = new addon.Door(id, worker, events.wake);
  const hub = new NativeHub({
    door,
    events,
    onVerdict: (verdict) => log?.decided(verdict),
    batch_bytes: batchBytes(limits),
    clock,
  });
  return {
    hub,
    connectLog: (sink) => {
      log = new SharedMemoryLog(sink, hub, limits);
      return log;
    },
    clock,
    stats: () => ({ ...hub.counters(), pool_bytes: door.poolBytes() }),
    // Only its number goes here: closed sockets may still be on their way out, and use the hub.
    close: () => addon.closeHub(id),
  };
}
