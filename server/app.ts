import project from '../package.json';
import { connectionsFromDescriptors } from './config/descriptors.ts';
import type { Config } from './config/options.ts';
import { sessionSecret } from './config/secret.ts';
import { Edge } from './edge/server.ts';
import { ConfigError } from './errors.ts';
import { loadAddon } from './hub/native/addon.ts';
import { NativeHub } from './hub/native/hub.ts';
import { batchBytes, openNativeHub } from './hub/native/open.ts';
import type { Hub, HubEvents, HubLimits } from './hub/port.ts';
import { Pump } from './hub/pump.ts';
import { ScriptHub } from './hub/script.ts';
import { MemoryLog } from './log/memory.ts';
import type { Log, LogSink } from './log/port.ts';
import { SharedMemoryLog } from './log/shared_memory.ts';
import { RoomDirectory } from './room/directory.ts';
import { checkRoomNames } from './room/names.ts';
import { Identities } from './session/identity.ts';
import { newWorkerCounters } from './telemetry/counters.ts';
import type { Logger } from './telemetry/logger.ts';
import { createMetrics } from './telemetry/metrics.ts';
import type { ServerStats } from './telemetry/stats.ts';

const SWEEP_INTERVAL_MS = 1_000;
const JOINED_USERS_MAX = 100;

export interface App {
  readonly port: number;
  readonly stats: () => ServerStats;
  /** Closes every connection and stops; what the log has accepted is kept as it promises. */
  stop(): Promise<void>;
}

/** Makes the log, given where its answers go. Tests put another one in. */
export type ConnectLog = (sink: LogSink) => Log;

/**
 * The composition root: the only place that picks adapters.
 * @throws ConfigError when the configuration asks for what this machine does not have, or cannot be
 */
export function startApp(config: Config, logger: Logger, connectLog?: ConnectLog): App {
  checkRoomNames(config);
  const started_at = new Date();
  const started_at_ms = performance.now();
  const counters = newWorkerCounters();
  const limits = {
    ...config,
    connections_max: config.connections_max || connectionsFromDescriptors(),
    joined_users_max: JOINED_USERS_MAX,
  };

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
  const engine = chooseEngine(config, limits, events);
  const { hub } = engine;
  const pump = new Pump(hub);
  const rooms = new RoomDirectory(connectLog ?? engine.connectLog, hub, limits);
  const identities = new Identities(sessionSecret(config), config.session_ttl_ms);
  const stats = (): ServerStats => ({
    version: project.version,
    bun: Bun.version,
    started_at: started_at.toISOString(),
    uptime_s: (performance.now() - started_at_ms) / 1_000,
    ready: edge.isReady,
    hub: hub.kind,
    log: rooms.logKind,
    workers: [
      {
        worker: 0,
        connections: edge.connections.size,
        publishes_in_flight: rooms.pending.size,
        hub: hub.counters(),
        counters,
      },
    ],
  });
  const edge = new Edge({
    limits,
    sessions: { rooms, identities, limits, counters },
    counters,
    telemetry: { stats, metrics: createMetrics(stats) },
    logger,
  });
  const sweep = setInterval(() => rooms.sweep(performance.now()), SWEEP_INTERVAL_MS);

  return {
    port: edge.port,
    stats,
    async stop() {
      clearInterval(sweep);
      edge.drain();
      await rooms.stop();
      // What the log has accepted reaches its readers before they are sent away.
      hub.flush(Number.POSITIVE_INFINITY);
      pump.stop();
      await edge.stop();
    },
  };
}

/** What carries rooms, and the log that goes with it. */
interface Engine {
  readonly hub: Hub;
  readonly connectLog: ConnectLog;
}

function chooseEngine(config: Config, limits: HubLimits, events: HubEvents): Engine {
  if (config.workers > 1) {
    throw new ConfigError(`--workers ${config.workers}: one thread serves connections so far.`);
  }
  if (config.hub === 'native') return nativeEngine(config, limits, events);
  const connectLog: ConnectLog = (sink) => new MemoryLog(sink, config);
  return { hub: new ScriptHub(limits, events), connectLog };
}

/** The addon decides and spreads in one step: its memory log is the hub's own. */
function nativeEngine(config: Config, limits: HubLimits, events: HubEvents): Engine {
  const addon = loadAddon();
  if (typeof addon === 'string') {
    throw new ConfigError(`--hub native: the addon ${addon}; bun run build:native says more.`);
  }
  const id = openNativeHub(addon, { ...config, ...limits }, 1);
  let log: SharedMemoryLog | undefined;
  const hub = new NativeHub({
    door: new addon.Door(id, 0, events.wake),
    events,
    onVerdict: (verdict) => log?.decided(verdict),
    batch_bytes: batchBytes(limits),
    clock: () => performance.now(),
  });
  const connectLog: ConnectLog = (sink) => {
    log = new SharedMemoryLog(sink, hub);
    return log;
  };
  return { hub, connectLog };
}
