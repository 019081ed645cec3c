import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import type { Config } from './config/options.ts';
import type { SqliteOptions } from './database/sqlite.ts';
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
import { MemoryStorage } from './storage/memory.ts';
import type { Storage } from './storage/port.ts';
import { PostgresStorage } from './storage/postgres.ts';
import { hostStorage } from './storage/remote.ts';
import { SqliteStorage } from './storage/sqlite.ts';
import { createLogger, type Logger } from './telemetry/logger.ts';
import type { KeeperStart, Nudge, Order, Report } from './workers/messages.ts';

const DATABASE_FILE = 'hubbub.sqlite';

/** What the thread runs that keeps what outlives the process: one log and one storage for all workers. */
async function keep(
  { config, hub, log_ports, storage_ports }: KeeperStart,
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
  const storage = await openStorage(config);
  for (const port of storage_ports) hostStorage(storage, port);
  const log = config.log === 'memory' ? undefined : await openLog(config, hub, logger, fail);
  if (log !== undefined) for (const port of log_ports) new LogHost(log, port);
  const stop = async (): Promise<void> => {
    await log?.stop();
    await storage.stop();
  };
  tell({ kind: 'listening', log: config.log });
  return (asked) => {
    if (asked === 'stop') stop().then(() => tell({ kind: 'stopped' }), fail);
  };
}

async function openLog(
  config: Config,
  hub: KeeperStart['hub'],
  logger: Logger,
  onLost: (error: Error) => void,
): Promise<GroupCommit> {
  const spreader = hub === undefined ? undefined : new HubSpreader(openHub(hub, config));
  const options = { ...config, onLost, ...(spreader === undefined ? {} : { spreader }) };
  const log = new GroupCommit(engineOf(config), options);
  await log.start().catch((error: unknown) => refuseStart(`--log ${config.log}`, error));
  const troubles = { acknowledged: ignore, refused: ignore, committed: ignore };
  log.add({
    ...troubles,
    troubled: (reason) => {
      if (reason !== undefined) logger.error({ reason }, 'the log accepts nothing');
      else if (log.hasBeenTroubled) logger.info('the log accepts messages again');
    },
  });
  return log;
}

async function openStorage(config: Config): Promise<Storage> {
  const kind = config.storage === 'auto' ? config.log : config.storage;
  try {
    if (kind === 'memory') return new MemoryStorage();
    if (kind === 'sqlite') return new SqliteStorage(sqliteOf(config));
    const storage = new PostgresStorage(config.postgres_url);
    await storage.start();
    return storage;
  } catch (error) {
    return refuseStart(`--storage ${kind}`, error);
  }
}

/** A server that cannot have its database at the start says so in one sentence, and ends. */
function refuseStart(option: string, error: unknown): never {
  if (!(error instanceof UnavailableError)) throw error;
  throw new ConfigError(`${option}: ${error.message}.`, { cause: error });
}

const sqliteOf = ({ data_dir, sync }: Config): SqliteOptions => ({
  path: join(data_dir, DATABASE_FILE),
  sync,
});

const engineOf = (config: Config): LogEngine =>
  config.log === 'postgres'
    ? new PostgresEngine(config.postgres_url)
    : new SqliteEngine(sqliteOf(config));

const ignore = (): void => undefined;

function openHub({ id, worker }: NonNullable<KeeperStart['hub']>, config: Config): NativeHub {
  const addon = loadAddon();
  if (typeof addon === 'string') throw new ConfigError(`--hub native: the addon ${addon}.`);
  return new NativeHub({
    door: new addon.Door(id, worker, ignore),
    // Nobody listens at this thread: what is appended here goes out at the workers.
    events: { publish: ignore, wake: ignore, overrun: ignore },
    onVerdict: ignore,
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
