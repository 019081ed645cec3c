import { adopt } from '../process/children.ts';
import { within } from '../process/deadline.ts';
import { pinTo } from '../process/pin.ts';
import type {
  EchoPlan,
  EchoReport,
  Encoding,
  NativeCrowdPlan,
  NativeCrowdReport,
  NativeTrafficPlan,
  NativeTrafficReport,
  StormPlan,
  StormReport,
} from './native_port.ts';
import type { LoadEngine, Target } from './port.ts';

export type * from './native_port.ts';

type Request =
  | ({ readonly call: 'connect' } & Omit<NativeCrowdPlan, 'target'> & Target)
  | ({ readonly call: 'run' } & NativeTrafficPlan)
  | ({ readonly call: 'storm' } & StormPlan)
  | ({ readonly call: 'echo' } & EchoPlan)
  | { readonly call: 'disconnect' };

type Answer = { readonly result: unknown } | { readonly failure: string };

/** On top of what a plan itself takes. */
const SLACK_MS = 30_000;

/**
 * The load engine in C++ (native/load), a process with one thread: for more load than one core makes,
 * several run side by side with rooms of their own. One call at a time, one line of JSON each way.
 */
export class NativeLoadEngine implements LoadEngine {
  readonly #child: Bun.Subprocess<'pipe', 'pipe', 'inherit'>;
  #waiting: PromiseWithResolvers<Answer> | undefined;

  /**
   * @param program as `buildEngine` answers it
   * @param cpu the core to run on
   */
  constructor(program: string, cpu: number) {
    this.#child = Bun.spawn([...pinTo([cpu]), program], { stdio: ['pipe', 'pipe', 'inherit'] });
    adopt(this.#child);
    this.#listen().then(
      () => this.#waiting?.reject(new Error('the load engine has ended')),
      (error: unknown) => this.#waiting?.reject(error),
    );
  }

  get pid(): number {
    return this.#child.pid;
  }

  async connect({ target, ...crowd }: NativeCrowdPlan): Promise<NativeCrowdReport> {
    const encoding = encodingOf(target);
    const request = { call: 'connect', encoding, ...target, ...crowd } as const;
    return (await this.#ask(request, crowd.timeout_ms)) as NativeCrowdReport;
  }

  async run(traffic: NativeTrafficPlan): Promise<NativeTrafficReport> {
    const time_ms = traffic.warmup_ms + traffic.duration_ms;
    return (await this.#ask({ call: 'run', ...traffic }, time_ms)) as NativeTrafficReport;
  }

  /** @throws Error without a crowd */
  async storm(plan: StormPlan): Promise<StormReport> {
    return (await this.#ask({ call: 'storm', ...plan }, plan.timeout_ms)) as StormReport;
  }

  /** @throws Error without a crowd that was connected with `joins: false` */
  async echo(plan: EchoPlan): Promise<EchoReport> {
    const time_ms = plan.warmup_ms + plan.duration_ms;
    return (await this.#ask({ call: 'echo', ...plan }, time_ms)) as EchoReport;
  }

  async disconnect(): Promise<void> {
    await this.#ask({ call: 'disconnect' }, 0);
  }

  async stop(): Promise<void> {
    this.#child.kill();
    await this.#child.exited;
  }

  async #ask(request: Request, time_ms: number): Promise<unknown> {
    const waiting = Promise.withResolvers<Answer>();
    this.#waiting = waiting;
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    await this.#child.stdin.flush();
    const answer = await within(time_ms + SLACK_MS, waiting.promise, 'the load engine');
    if ('failure' in answer) throw new Error(`the load engine failed: ${answer.failure}`);
    return answer.result;
  }

  async #listen(): Promise<void> {
    const decoder = new TextDecoder();
    let unread = '';
    for await (const chunk of this.#child.stdout) {
      unread += decoder.decode(chunk, { stream: true });
      const lines = unread.split('\n');
      unread = lines.pop() ?? '';
      for (const line of lines) this.#waiting?.resolve(JSON.parse(line, withoutMinimum) as Answer);
    }
  }
}

const encodingOf = ({ subprotocol = '' }: Target): Encoding =>
  subprotocol.endsWith('.msgpack') ? 'msgpack' : 'json';

/** An empty histogram has no least value: `Histogram` says infinity, which JSON cannot. */
function withoutMinimum(_name: string, value: unknown): unknown {
  const isEmpty =
    typeof value === 'object' &&
    value !== null &&
    'buckets' in value &&
    Array.isArray(value.buckets) &&
    value.buckets.length === 0;
  return isEmpty ? { ...value, min: Number.POSITIVE_INFINITY } : value;
}
