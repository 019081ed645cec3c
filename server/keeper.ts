import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import type { Config } from './config/options.ts';
import { ConfigError, UnavailableError } from './errors.ts';
import { loadAddon } from './hub/native/addon.ts';
import { NativeHub } from './hub/native/hub.ts';
import { batchBytes } from './hub/native/open.ts';
import type { RoomHandle } from './hub/port.ts';
import type { LogEngine } from './log/engine.ts';
import { GroupCommit } from './log/group_commit.ts';
import type { Spreader } from './log/group_commit_options.ts';
import { LogHost } from './log/host.ts';
import { PostgresEngine } from './log/postgres.ts';
import { SqliteEngine } from './log/sqlite.ts';
import { createLogger } from './telemetry/logger.ts';
import type { KeeperStart, Nudge, Order, Report } from './workers/messages.ts';

const DATABASE_FILE = 'hubbub.sqlite';

/** What the thread of the database runs: one log for all workers. */
async function keep(
  { config, hub, log_ports }: KeeperStart,
  tell: (report: Report) => void,
): Promise<(asked: Order | Nudge) => void> {
  const logger = createLogger(config.log_level);
  const fail = (error: unknown): void => {
    const message = error instanceof Error ? error.message : String(error);
    const isConfigError = error instanceof ConfigError;
    if (!isConfigError) logger.error({ err: error }, 'the log failed');
    tell({ kind: 'failed', message, isConfigError });
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  const spreader = hub === undefined ? undefined : new HubSpreader(openHub(hub, config));
  const log = new GroupCommit(engineOf(config), {
    ...config,
    onLost: fail,
    ...(spreader === undefined ? {} : { spreader }),
  });
  await log.start().catch((error: unknown) => {
    if (!(error instanceof UnavailableError)) throw error;
    throw new ConfigError(`--log ${config.log}: ${error.message}.`, { cause: error });
  });
  log.add({
    acknowledged: () => undefined,
    refused: () => undefined,
    committed: () => undefined,
    troubled: (reason) => {
      if (reason !== undefined) logger.error({ reason }, 'the log accepts nothing');
    },
  });
  for (const port of log_ports) new LogHost(log, port);
  tell({ kind: 'listening', log: log.kind });
  return (asked) => {
    if (asked === 'stop') log.stop().then(() => tell({ kind: 'stopped' }), fail);
  };
}

function engineOf({ log, data_dir, sync, postgres_url }: Config): LogEngine {
  if (log === 'postgres') return new PostgresEngine(postgres_url);
  return new SqliteEngine({ path: join(data_dir, DATABASE_FILE), sync });
}

function openHub({ id, worker }: NonNullable<KeeperStart['hub']>, config: Config): NativeHub {
  const addon = loadAddon();
  if (typeof addon === 'string') throw new ConfigError(`--hub native: the addon ${addon}.`);
  const nothing = (): void => undefined;
  return new NativeHub({
    door: new addon.Door(id, worker, nothing),
    // Nobody listens at this thread: what is appended here goes out at the workers.
    events: { publish: nothing, wake: nothing, overrun: nothing },
    onVerdict: nothing,
    batch_bytes: batchBytes({ ...config, joined_users_max: 0 }),
    clock: () => addon.monotonicMs(),
  });
}

/** Puts records into the hub that all workers share, once for all of them. */
class HubSpreader implements Spreader {
  readonly #hub: NativeHub;
  readonly #rooms = new Map<string, RoomHandle>();

  constructor(hub: NativeHub) {
    this.#hub = hub;
  }

  open: Spreader['open'] = (room, start) => {
    this.#rooms.set(room, this.#hub.openRoom(room, start));
  };

  append: Spreader['append'] = (batch) => {
    for (const { room, records } of batch) {
      const handle = this.#rooms.get(room);
      if (handle !== undefined) this.#hub.append(handle, records);
    }
    this.#hub.settle();
  };

  close: Spreader['close'] = (room) => {
    const handle = this.#rooms.get(room);
    this.#rooms.delete(room);
    if (handle !== undefined) this.#hub.closeRoom(handle);
  };
}

if (parentPort === null) throw new Error('this is started by the server, as a worker');
const port = parentPort;
const tell = (report: Report): void => port.postMessage(report);
keep(workerData as KeeperStart, tell).then(
  (obey) => port.on('message', obey),
  (error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    tell({ kind: 'failed', message, isConfigError: error instanceof ConfigError });
  },
);
