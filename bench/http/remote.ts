import { join } from 'node:path';
import { adopt } from '../process/children.ts';
import { within } from '../process/deadline.ts';
import { pinTo } from '../process/pin.ts';
import type { Said } from './main.ts';
import type { RequestPlan, RequestReport } from './requests.ts';

const PROGRAM = join(import.meta.dir, 'main.ts');
const START_MS_MAX = 20_000;
/** On top of what a plan itself takes. */
const SLACK_MS = 30_000;

/** autocannon in a process of its own, loaded and waiting. One plan at a time. */
export class Requester implements AsyncDisposable {
  readonly #child: Bun.Subprocess<'ignore', 'inherit', 'inherit'>;
  #said = Promise.withResolvers<Said>();

  private constructor(cpu: number) {
    this.#child = Bun.spawn([...pinTo([cpu]), process.execPath, PROGRAM], {
      stdio: ['ignore', 'inherit', 'inherit'],
      ipc: (said: Said) => this.#said.resolve(said),
      onExit: () => this.#said.reject(new Error('the process that makes requests has ended')),
    });
    adopt(this.#child);
  }

  /**
   * @param cpu the core it runs on
   * @throws Error when it does not start in time
   */
  static async start(cpu: number): Promise<Requester> {
    const requester = new Requester(cpu);
    await within(START_MS_MAX, requester.#said.promise, 'the process that makes requests');
    return requester;
  }

  /** @throws Error when it fails or takes too long */
  async make(plan: RequestPlan): Promise<RequestReport> {
    this.#said = Promise.withResolvers<Said>();
    this.#child.send(plan);
    const time_ms = (plan.warmup_s + plan.duration_s) * 1_000 + SLACK_MS;
    const said = await within(time_ms, this.#said.promise, `requests for ${plan.url}`);
    if (said === 'ready') throw new Error('a report was to come');
    return said.report;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nobody waits for what it says any more.
    this.#said.promise.catch(() => undefined);
    this.#child.kill('SIGKILL');
    await this.#child.exited;
  }
}
