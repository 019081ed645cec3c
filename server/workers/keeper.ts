import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Config } from '../config/options.ts';
import type { KeeperStart } from './messages.ts';
import { WorkerPool } from './pool.ts';

/** Ways of one worker to what outlives the process, or is the same for all workers. */
export interface KeeperPorts {
  /** Absent where the log is in memory. */
  readonly log_port?: MessagePort;
  /** Absent where one thread serves alone, and has its storage to itself. */
  readonly storage_port?: MessagePort;
}

/** Whoever has the log and the storage, as the main thread sees it. */
export interface Keeper {
  /** Resolves with the reason when it has failed: what it keeps can no longer be relied on. */
  readonly failed: Promise<Error>;
  /** One for each worker, to be handed on. */
  readonly ports: readonly KeeperPorts[];
  /** After the workers have drained: closes the database. */
  stop(): Promise<void>;
}

/** The thread that has the database. */
export class KeeperThread implements Keeper {
  readonly failed: Promise<Error>;
  readonly ports: readonly KeeperPorts[];
  readonly #pool: WorkerPool;

  private constructor(pool: WorkerPool, ports: readonly KeeperPorts[]) {
    this.failed = pool.failed;
    this.ports = ports;
    this.#pool = pool;
  }

  /**
   * Starts it, and waits until what it keeps is open.
   * @param hub where records go that the log has committed
   * @throws ConfigError when it cannot be opened, Error when that takes too long
   */
  static async start(
    entry: URL,
    config: Config,
    hub: KeeperStart['hub'],
    workers: number,
  ): Promise<KeeperThread> {
    const logs = channels(config.log === 'memory' ? 0 : workers);
    const storages = channels(workers);
    const log_ports = logs.map(({ port1 }) => port1);
    const storage_ports = storages.map(({ port1 }) => port1);
    const data: KeeperStart = { config, hub, log_ports, storage_ports };
    const transfer = [...log_ports, ...storage_ports];
    const pool = await WorkerPool.start(entry, [{ data, transfer }], 'keeper');
    const ports = storages.map(({ port2: storage_port }, worker) => {
      const log = logs[worker];
      return log === undefined ? { storage_port } : { storage_port, log_port: log.port2 };
    });
    return new KeeperThread(pool, ports);
  }

  async stop(): Promise<void> {
    await this.#pool.ask('stop');
  }
}

const channels = (count: number): readonly MessageChannel[] =>
  Array.from({ length: count }, () => new MessageChannel());
