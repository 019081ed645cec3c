import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Config } from '../config/options.ts';
import type { KeeperStart } from './messages.ts';
import { WorkerPool } from './pool.ts';

/** The thread that has the database, as the main thread sees it. */
export class Keeper {
  /** Resolves with the reason when it has failed: what it keeps can no longer be relied on. */
  readonly failed: Promise<Error>;
  /** The workers' ends, one for each: to be handed on. */
  readonly log_ports: readonly MessagePort[];
  readonly #pool: WorkerPool;

  private constructor(pool: WorkerPool, log_ports: readonly MessagePort[]) {
    this.failed = pool.failed;
    this.log_ports = log_ports;
    this.#pool = pool;
  }

  /**
   * Starts it, and waits until the database is open.
   * @throws ConfigError when it cannot be opened, Error when that takes too long
   */
  static async start(
    entry: URL,
    config: Config,
    hub: KeeperStart['hub'],
    workers: number,
  ): Promise<Keeper> {
    const channels = Array.from({ length: workers }, () => new MessageChannel());
    const log_ports = channels.map(({ port1 }) => port1);
    const data: KeeperStart = { config, hub, log_ports };
    const pool = await WorkerPool.start(entry, [{ data, transfer: log_ports }], 'log');
    return new Keeper(
      pool,
      channels.map(({ port2 }) => port2),
    );
  }

  /** After the workers have drained: closes the database. */
  async stop(): Promise<void> {
    await this.#pool.ask('stop');
  }
}
