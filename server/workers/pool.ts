import { type MessagePort, Worker } from 'node:worker_threads';
import { withDeadline } from '../deadline.ts';
import { ConfigError } from '../errors.ts';
import type { Nudge, Order, Report } from './messages.ts';

/** Reading the sources again for each worker takes a while on a machine that is busy. */
const START_MS_MAX = 30_000;

/** What a worker gets as its `workerData`, and what of it becomes its own. */
export interface WorkerStart {
  readonly data: unknown;
  readonly transfer: readonly MessagePort[];
}

/** One worker as the main thread sees it: what it was asked, and the answer that is awaited. */
class Member {
  /** Resolves when it is not as it should be; it may still be able to answer. */
  readonly failed: Promise<Error>;
  readonly #worker: Worker;
  readonly #failed = Promise.withResolvers<Error>();
  readonly #ended = Promise.withResolvers<undefined>();
  #answer = Promise.withResolvers<Report>();

  constructor(entry: URL, name: string, { data, transfer }: WorkerStart) {
    this.failed = this.#failed.promise;
    this.#worker = new Worker(entry, {
      workerData: data,
      transferList: [...transfer],
      name: `hubbub ${name}`,
    });
    const fail = (what: string): void => this.#failed.resolve(new Error(`${name} ${what}`));
    this.#worker.on('message', (report: Report) => {
      if (report.kind !== 'failed') this.#answer.resolve(report);
      else if (report.isConfigError) this.#failed.resolve(new ConfigError(report.message));
      else fail(`failed: ${report.message}`);
    });
    this.#worker.on('error', (error: Error) => fail(`failed: ${error.message}`));
    this.#worker.on('exit', (status) => {
      fail(`ended with status ${status}`);
      this.#ended.resolve(undefined);
    });
  }

  /** @returns its answer; undefined once it has ended, because then there is nothing left to do */
  async ask(order: Order): Promise<Report | undefined> {
    this.#answer = Promise.withResolvers<Report>();
    this.#worker.postMessage(order);
    return Promise.race([this.#answer.promise, this.#ended.promise]);
  }

  tell(nudge: Nudge): void {
    this.#worker.postMessage(nudge);
  }

  /** @throws Error when it fails before it listens */
  async started(): Promise<Report> {
    const failure = this.failed.then((error) => Promise.reject(error));
    return Promise.race([this.#answer.promise, failure]);
  }
}

/**
 * The workers of the process. They are started once and never ended in service: the runtime calls the
 * termination of a worker experimental, and who ends the process ends them with it.
 */
export class WorkerPool {
  /** Resolves with the reason when a worker has failed or ended. */
  readonly failed: Promise<Error>;
  /** What the workers call their log. */
  readonly log: string;
  readonly #members: readonly Member[];

  private constructor(members: readonly Member[], log: string) {
    this.#members = members;
    this.log = log;
    this.failed = Promise.race(members.map(({ failed }) => failed));
  }

  /**
   * Starts one worker for each element of `starts`.
   * @param name what they are called in error messages, before their number
   * @throws ConfigError when what was asked for cannot be had, Error when a worker ends or takes too long
   */
  static async start(
    entry: URL,
    starts: readonly WorkerStart[],
    name = 'worker',
  ): Promise<WorkerPool> {
    const members = starts.map((start, index) => new Member(entry, `${name} ${index}`, start));
    const reports = await withDeadline(
      Promise.all(members.map((member) => member.started())),
      START_MS_MAX,
      'starting the workers',
    );
    const [first] = reports;
    return new WorkerPool(members, first?.kind === 'listening' ? first.log : '');
  }

  tell(nudge: Nudge): void {
    for (const member of this.#members) member.tell(nudge);
  }

  /** All of them at once; one that has ended does not hold up the others. */
  async ask(order: Order): Promise<void> {
    await Promise.all(this.#members.map((member) => member.ask(order)));
  }
}
