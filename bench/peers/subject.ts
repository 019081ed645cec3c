import { UsageError } from '../command/options.ts';
import type { HubKind } from '../process/hub.ts';
import { pinTo } from '../process/pin.ts';
import { hubbub, startServer } from '../process/server.ts';
import { buildPeer } from './build.ts';
import { PEERS } from './peers.ts';
import { startPeer } from './start.ts';

/** The server of this project among its peers. */
export const HUBBUB = 'hubbub';

/** Peers that speak the contract's own JSON, by name. */
export const SPEAKERS = PEERS.filter(
  ({ encoding, dialect }) => encoding === undefined && dialect === undefined,
).map(({ name }) => name);

export interface SubjectOptions {
  /** The cores it may run on. */
  readonly cpus: readonly number[];
  /** Messages/s a client may send; 0 = no limit. */
  readonly rate_limit: number;
  /** Which hub this project's server runs. */
  readonly hub: HubKind;
}

/** A server under test, whichever it is. */
export interface RunningSubject extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
  /** Its chat path. */
  readonly url: string;
}

/**
 * Builds and starts a peer, or this project's server with one worker, on its cores.
 * @throws UsageError when it cannot be had here, with the reason
 */
export async function startSubject(name: string, options: SubjectOptions): Promise<RunningSubject> {
  if (name === HUBBUB) return startHubbub(options);
  const { cpus, rate_limit } = options;
  const peer = PEERS.find((one) => one.name === name);
  if (peer === undefined) throw new UsageError(`There is no peer "${name}".`);
  await buildPeer(peer);
  return startPeer(
    peer,
    { rate_limit },
    {
      wrap: (command) => [...pinTo(cpus), ...command],
      serverPid: (pid) => Promise.resolve(pid),
    },
  );
}

async function startHubbub({ cpus, rate_limit, hub }: SubjectOptions): Promise<RunningSubject> {
  const limit = String(rate_limit);
  const burst = String(Math.max(1, rate_limit));
  const flags = ['--rate-limit', limit, '--rate-burst', burst, '--command-rate-limit', '0'];
  const { pid, port, stop } = await startServer(
    hubbub({ encoding: 'json', hub, workers: 1, cpus, flags }),
  );
  return { pid, port, url: `ws://127.0.0.1:${port}/ws`, [Symbol.asyncDispose]: stop };
}
