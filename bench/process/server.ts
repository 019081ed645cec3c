import { join } from 'node:path';
import { UsageError } from '../command/options.ts';
import { adopt } from './children.ts';
import type { Confinement } from './confine/port.ts';
import { within } from './deadline.ts';
import type { HeapReport } from './heap_probe.ts';
import { confirmHub, type HubKind } from './hub.ts';
import { pinTo } from './pin.ts';
import { ServerLog } from './server_log.ts';

/** How one server under test is started. Each prints `{"port":…,"msg":"listening"}` on stderr. */
export interface ServerPlan {
  /** What tables and results call it. */
  readonly name: string;
  /** Behind the path of Bun itself. */
  readonly command: readonly string[];
  /** The cores it may run on. */
  readonly cpus: readonly number[];
  readonly subprotocol?: string;
  /** The hub it has to run; undefined for a server without one. */
  readonly hub?: HubKind;
}

export interface StartOptions {
  /** Keeps the server within limits; its cores alone, as planned, when undefined. */
  readonly confinement?: Pick<Confinement, 'wrap' | 'serverPid'>;
  /** Preloads what `heap` asks. It changes what the process costs: not for figures of CPU and RSS. */
  readonly withHeapProbe?: boolean;
}

export interface RunningServer {
  readonly pid: number;
  readonly port: number;
  /** Rejects with the end of its log when it ends without having been asked to. Never resolves. */
  readonly failed: Promise<never>;
  /** Collects garbage first. @throws Error unless started with `withHeapProbe` */
  heap(): Promise<HeapReport>;
  /** Asks it to end and waits until it has. */
  stop(): Promise<void>;
}

const ROOT = join(import.meta.dir, '../..');
const HEAP_PROBE = join(import.meta.dir, 'heap_probe.ts');
const START_MS_MAX = 20_000;
const STOP_MS_MAX = 15_000;
const HEAP_MS_MAX = 20_000;
/** Exit status of a server that cannot be what it was asked to be. */
const USAGE_ERROR = 2;

export interface HubbubPlan {
  readonly encoding: 'json' | 'ndjson' | 'msgpack';
  readonly hub: HubKind;
  readonly workers: number;
  readonly cpus: readonly number[];
  /** As `bun run server` takes them. */
  readonly flags: readonly string[];
}

/** The server of this project. */
export const hubbub = ({ encoding, hub, workers, cpus, flags }: HubbubPlan): ServerPlan => ({
  name: `hubbub ${hub}${workers > 1 ? ` ×${workers}` : ''} ${encoding}`,
  command: [
    'server/main.ts',
    ...['--host', '127.0.0.1', '--port', '0', '--session-secret', 'a secret for benchmarks only'],
    ...['--hub', hub, '--workers', String(workers), '--log', 'memory'],
    ...flags,
  ],
  cpus,
  hub,
  subprotocol: `hubbub.v1.${encoding}`,
});

/** How the bare loop sends: each message at once, in a window one by one, in a window joined. */
export type PeerMode = 'frame' | 'window' | 'joined';

/** The bare `Bun.serve` loop. @param delivery_bytes to pad its messages to; 0 leaves them as they are */
export const bunBare = (
  mode: PeerMode,
  cpu: number,
  window_ms: number,
  delivery_bytes: number,
): ServerPlan => ({
  name: `bun-bare ${mode}`,
  command: [
    'bench/peers/bun_bare/server.ts',
    ...['--port', '0', '--mode', mode],
    ...['--window-ms', String(window_ms), '--delivery-bytes', String(delivery_bytes)],
  ],
  cpus: [cpu],
});

/**
 * Starts a server as a process of its own, resolves once it listens.
 * @throws Error with what it wrote to stderr when it ends instead, or takes too long
 * @throws UsageError when it refuses its options, or runs another hub than its plan says
 */
export async function startServer(
  plan: ServerPlan,
  options: StartOptions = {},
): Promise<RunningServer> {
  const preload = options.withHeapProbe === true ? ['--preload', HEAP_PROBE] : [];
  let heapAnswer = Promise.withResolvers<HeapReport>();
  const command = [process.execPath, ...preload, ...plan.command];
  const confined = options.confinement?.wrap(command) ?? [...pinTo(plan.cpus), ...command];
  const child = Bun.spawn([...confined], {
    cwd: ROOT,
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'pipe',
    ...(options.withHeapProbe === true
      ? { ipc: (report: HeapReport) => heapAnswer.resolve(report) }
      : undefined),
  });
  adopt(child);
  const log = new ServerLog(child.stderr);
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  let isStopping = false;
  const ended = Promise.all([child.exited, log.closed]).then(([status]) => {
    if (isStopping) return;
    const isRefusal = status === USAGE_ERROR;
    failed.reject(
      isRefusal
        ? new UsageError(`${plan.name} cannot be started: ${log.tail.trim()}`)
        : new Error(`${plan.name} has ended:\n${log.tail}`),
    );
  });
  const stop = async (): Promise<void> => {
    isStopping = true;
    child.kill('SIGTERM');
    await within(STOP_MS_MAX, ended, `${plan.name} to end`).catch((error: unknown) => {
      child.kill('SIGKILL');
      throw error;
    });
  };
  const ready = log.port.then(async (port) => {
    if (plan.hub !== undefined) await confirmHub(port, plan.name, plan.hub);
    return { port, pid: (await options.confinement?.serverPid(child.pid)) ?? child.pid };
  });
  const listening = within(START_MS_MAX, ready, `${plan.name} to listen`);
  const address = await Promise.race([listening, failed.promise]).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return {
    ...address,
    failed: failed.promise,
    heap: () => {
      heapAnswer = Promise.withResolvers<HeapReport>();
      child.send('heap');
      return within(HEAP_MS_MAX, heapAnswer.promise, `the heap of ${plan.name}`);
    },
    stop,
  };
}
