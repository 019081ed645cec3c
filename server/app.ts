import project from '../package.json';
import { connectionsFromDescriptors } from './config/descriptors.ts';
import type { Config } from './config/options.ts';
import { sessionSecret } from './config/secret.ts';
import { Edge } from './edge/server.ts';
import { ConfigError } from './errors.ts';
import type { Hub, HubEvents, HubLimits } from './hub/port.ts';
import { Pump } from './hub/pump.ts';
import { ScriptHub } from './hub/script.ts';
import { MemoryLog } from './log/memory.ts';
import type { Log, LogSink } from './log/port.ts';
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
  const hub = createHub(config, limits, events);
  const pump = new Pump(hub);
  const rooms = new RoomDirectory(
    connectLog ?? ((sink) => new MemoryLog(sink, config)),
    hub,
    limits,
  );
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

/** The TypeScript hub lives in one thread. */
function createHub(config: Config, limits: HubLimits, events: HubEvents): Hub {
  if (config.hub === 'native') {
    throw new ConfigError(
      '--hub native needs an addon that carries rooms; use --hub script or auto.',
    );
  }
  if (config.workers > 1) {
    throw new ConfigError(
      `--workers ${config.workers} needs the native hub; the script hub serves 1.`,
    );
  }
  return new ScriptHub(limits, events);
}
