import { join } from 'node:path';
import { adopt } from '../process/children.ts';
import { within } from '../process/deadline.ts';
import { pinTo } from '../process/pin.ts';
import type { Answer, Request } from './main.ts';
import type { CrowdPlan, CrowdReport, LoadEngine, TrafficPlan, TrafficReport } from './port.ts';

const PROGRAM = join(import.meta.dir, 'main.ts');
/** On top of what a plan itself takes. */
const SLACK_MS = 30_000;

/** The load client in a process of its own, so that nothing else runs on its thread. One call at a time. */
export class RemoteLoadClient implements LoadEngine {
  readonly #child: Bun.Subprocess<'ignore', 'inherit', 'inherit'>;
  #waiting: PromiseWithResolvers<Answer> | undefined;

  /** @param cpu the core to run on */
  constructor(cpu: number) {
    this.#child = Bun.spawn([...pinTo([cpu]), process.execPath, PROGRAM], {
      stdio: ['ignore', 'inherit', 'inherit'],
      ipc: (answer: Answer) => this.#waiting?.resolve(answer),
      onExit: () => this.#waiting?.reject(new Error('the load client has ended')),
    });
    adopt(this.#child);
  }

  async connect(crowd: CrowdPlan): Promise<CrowdReport> {
    return (await this.#ask({ call: 'connect', crowd }, crowd.timeout_ms)) as CrowdReport;
  }

  async run(traffic: TrafficPlan): Promise<TrafficReport> {
    const time_ms = traffic.warmup_ms + traffic.duration_ms;
    return (await this.#ask({ call: 'run', traffic }, time_ms)) as TrafficReport;
  }

  async disconnect(): Promise<void> {
    await this.#ask({ call: 'disconnect' }, 0);
  }

  async stop(): Promise<void> {
    this.#child.kill();
    await this.#child.exited;
  }

  async #ask(request: Request, time_ms: number): Promise<unknown> {
    this.#waiting = Promise.withResolvers<Answer>();
    this.#child.send(request);
    const answer = await within(time_ms + SLACK_MS, this.#waiting.promise, 'the load client');
    if ('failure' in answer) throw new Error(`the load client failed: ${answer.failure}`);
    return answer.result;
  }
}
