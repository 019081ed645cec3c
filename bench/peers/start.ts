import { adopt } from '../process/children.ts';
import type { Confinement } from '../process/confine/port.ts';
import { within } from '../process/deadline.ts';
import { ServerLog } from '../process/server_log.ts';
import type { Mode, Peer } from './peer.ts';

/** Flags that every peer takes (see the contract); what is left out stays as it comes. */
export interface PeerOptions {
  /** Messages/s a client may send; 0 = no limit. */
  readonly rate_limit?: number;
  readonly ping_interval_ms?: number;
  /** Least size of an outgoing message; 0 = as it is. */
  readonly delivery_bytes?: number;
  /** One of its own. */
  readonly mode?: Mode;
  /** How long messages gather, in the modes in which they do. */
  readonly window_ms?: number;
}

export interface RunningPeer extends AsyncDisposable {
  /** The process whose time and memory are the peer's. */
  readonly pid: number;
  readonly port: number;
  /** Its chat path. */
  readonly url: string;
  /** Rejects with the end of its log when it ends without having been asked to. Never resolves. */
  readonly failed: Promise<never>;
}

const START_MS_MAX = 20_000;
const STOP_MS_MAX = 10_000;

/**
 * Starts a peer that has been built, on a free port of the loopback interface.
 * @param confinement keeps it within limits; it has all of the machine when undefined
 * @throws Error with what it wrote when it ends instead of listening, or takes too long
 */
export async function startPeer(
  peer: Peer,
  options: PeerOptions = {},
  confinement?: Pick<Confinement, 'wrap' | 'serverPid'>,
): Promise<RunningPeer> {
  const flags = Object.entries(options).flatMap(([name, value]) => [
    `--${name.replaceAll('_', '-')}`,
    String(value),
  ]);
  const command = [...peer.command, '--port', '0', ...flags];
  const child = Bun.spawn([...(confinement?.wrap(command) ?? command)], {
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'pipe',
  });
  adopt(child);
  const log = new ServerLog(child.stderr);
  let isStopping = false;
  const stop = async (): Promise<void> => {
    isStopping = true;
    child.kill('SIGTERM');
    await within(STOP_MS_MAX, child.exited, `${peer.name} to end`).catch((error: unknown) => {
      child.kill('SIGKILL');
      throw error;
    });
  };
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  void log.closed.then(() => {
    if (!isStopping) failed.reject(new Error(`${peer.name} has ended:\n${log.tail}`));
  });
  const ready = log.listening.then(async ({ port, pid = child.pid }) => {
    return { port, pid: pid === child.pid ? ((await confinement?.serverPid(pid)) ?? pid) : pid };
  });
  const listening = within(START_MS_MAX, ready, `${peer.name} to listen`);
  const { port, pid } = await Promise.race([listening, failed.promise]).catch(
    async (error: unknown) => {
      await stop();
      throw error;
    },
  );
  const url = `ws://127.0.0.1:${port}${peer.path ?? '/ws'}`;
  return { pid, port, url, failed: failed.promise, [Symbol.asyncDispose]: stop };
}
