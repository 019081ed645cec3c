import { join } from 'node:path';
import { adopt } from '../process/children.ts';
import { within } from '../process/deadline.ts';
import type { Answer, Request } from './host.ts';
import type { Timing } from './suite.ts';
import type { SuiteName } from './suites.ts';

const PROGRAM = join(import.meta.dir, '../micro/process.ts');
/** On top of the time to measure: starting, filling what is remembered, compiling. */
const SLACK_MS = 30_000;

/** A suite in its own process. One call at a time. */
export class RemoteSuite {
  readonly #name: SuiteName;
  readonly #child: Bun.Subprocess<'ignore', 'inherit', 'inherit'>;
  #waiting: PromiseWithResolvers<Answer> | undefined;

  constructor(name: SuiteName) {
    this.#name = name;
    this.#child = Bun.spawn([process.execPath, PROGRAM, name], {
      stdio: ['ignore', 'inherit', 'inherit'],
      ipc: (answer: Answer) => this.#waiting?.resolve(answer),
      onExit: () => this.#waiting?.reject(new Error(`the process of ${name} has ended`)),
    });
    adopt(this.#child);
  }

  async measure(name: string, time_ms: number): Promise<Timing> {
    const answer = await this.#ask({ ask: 'measure', name, time_ms }, time_ms);
    if (answer.timing === undefined) throw new Error(`${this.#name} measured nothing`);
    return answer.timing;
  }

  async close(name: string): Promise<void> {
    await this.#ask({ ask: 'close', name }, 0);
  }

  async stop(): Promise<void> {
    this.#child.kill();
    await this.#child.exited;
  }

  async #ask(request: Request, time_ms: number): Promise<{ readonly timing?: Timing }> {
    this.#waiting = Promise.withResolvers<Answer>();
    this.#child.send(request);
    const what = `${this.#name}: ${request.name}`;
    const answer = await within(time_ms + SLACK_MS, this.#waiting.promise, what);
    if ('failure' in answer) throw new Error(`${what}: ${answer.failure}`);
    return answer;
  }
}
