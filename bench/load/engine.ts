import { adopt } from '../process/children.ts';
import { within } from '../process/deadline.ts';
import { pinTo } from '../process/pin.ts';
import type { HistogramSnapshot } from './histogram.ts';
import type {
  CrowdPlan,
  CrowdReport,
  LoadEngine,
  Target,
  TrafficPlan,
  TrafficReport,
} from './port.ts';

/**
 * How messages are written. `json` also reads frames of several objects with `\n` between them;
 * `socket.io` is its protocol 5 over a WebSocket, with the contract's types as names of events.
 */
export type Encoding = 'json' | 'msgpack' | 'socket.io';

/** What the native engine can do beyond the port: all of it is optional. */
export interface NativeCrowdPlan extends CrowdPlan {
  /** What the target's subprotocol says when undefined, and JSON when that says nothing. */
  readonly encoding?: Encoding;
  /** Over which time connections are begun, evenly; as fast as handshakes end when undefined. */
  readonly ramp_ms?: number;
  /** Member n comes from 127.0.0.(1 + n modulo this): one address has ports for some 28,000. */
  readonly source_addresses?: number;
}

export interface NativeTrafficPlan extends TrafficPlan {
  /**
   * `fixed`: evenly at `rate`. `burst`: `burst_size` at once, as often as the rate wants.
   * `ramp`: the rate rises from nothing over `ramp_ms`, then stays.
   */
  readonly pattern?: 'fixed' | 'burst' | 'ramp';
  readonly burst_size?: number;
  readonly ramp_ms?: number;
}

/** Microseconds, of the members who have joined. */
export interface NativeCrowdReport extends CrowdReport {
  /** From the first packet to the server's switch of protocols. */
  readonly connect_us: HistogramSnapshot;
  /** From there to the first thing that the server says. */
  readonly first_message_us: HistogramSnapshot;
  /** From the first packet to the confirmed join. */
  readonly join_us: HistogramSnapshot;
}

type Request =
  | ({ readonly call: 'connect' } & Omit<NativeCrowdPlan, 'target'> & Target)
  | ({ readonly call: 'run' } & NativeTrafficPlan)
  | { readonly call: 'disconnect' };

type Answer = { readonly result: unknown } | { readonly failure: string };

/** On top of what a plan itself takes. */
const SLACK_MS = 30_000;

/**
 * The load engine in C++ (native/load), a process with one thread. One call at a time, one line of
 * JSON each way.
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

  async connect({ target, ...crowd }: NativeCrowdPlan): Promise<NativeCrowdReport> {
    const encoding = encodingOf(target);
    const request = { call: 'connect', encoding, ...target, ...crowd } as const;
    return (await this.#ask(request, crowd.timeout_ms)) as NativeCrowdReport;
  }

  async run(traffic: NativeTrafficPlan): Promise<TrafficReport> {
    const time_ms = traffic.warmup_ms + traffic.duration_ms;
    return (await this.#ask({ call: 'run', ...traffic }, time_ms)) as TrafficReport;
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
