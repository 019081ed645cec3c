import type { Encoding } from '../load/engine.ts';
import type { Target } from '../load/port.ts';
import type { Mode } from '../peers/peer.ts';
import { type PeerOptions, startPeer } from '../peers/start.ts';
import type { Confinement } from '../process/confine/port.ts';
import { hubbub, startServer } from '../process/server.ts';
import type { Entrant, HubbubForm } from './entrant.ts';
import type { Plan } from './plan.ts';

type EntrantOf<Is extends Entrant['is']> = Extract<Entrant, { is: Is }>;

/** A server that takes part, and runs. */
export interface Started extends AsyncDisposable {
  /** Undefined when somebody else runs it. */
  readonly pid: number | undefined;
  readonly chat: Target;
  /** Undefined when it has no echo path. */
  readonly echo: Target | undefined;
  readonly encoding: Encoding;
  /** Rejects when it ends by itself; never resolves. */
  readonly failed: Promise<never>;
}

/** What keeps a server within its limits. */
type Within = Pick<Confinement, 'wrap' | 'serverPid'>;

/** Starts an entrant as the plan wants its servers. It has to be built. */
export function startEntrant(entrant: Entrant, plan: Plan, within: Within): Promise<Started> {
  switch (entrant.is) {
    case 'peer':
      return startPeerEntrant(entrant, plan, within);
    case 'hubbub':
      return startHubbub(entrant, plan, within);
    case 'url':
      return Promise.resolve(withinReach(entrant));
  }
}

const never = new Promise<never>(() => undefined);

const targetOf = (url: string | URL, path?: string): Target => {
  const { hostname, port, pathname, search } = new URL(url);
  return { hostname, port: Number(port || 80), path: path ?? pathname + search };
};

/** What an entrant is told, as a result has it. */
export function flagsOf(entrant: Entrant, plan: Plan): string[] {
  switch (entrant.is) {
    case 'peer':
      return Object.entries(peerOptions(entrant.mode, plan)).flatMap(([name, value]) => [
        `--${name.replaceAll('_', '-')}`,
        String(value),
      ]);
    case 'hubbub':
      return [
        ...['--hub', entrant.hub, '--workers', String(entrant.workers)],
        ...hubbubFlags(entrant.form, plan),
      ];
    case 'url':
      return [];
  }
}

const peerOptions = (mode: Mode, plan: Plan): PeerOptions => ({
  rate_limit: plan.rate_limit,
  delivery_bytes: plan.delivery_bytes,
  ...(mode === 'frame' ? undefined : { mode, window_ms: plan.window_ms }),
});

/** A client may send as many at once as in a second, as the contract has it. */
const hubbubFlags = (form: HubbubForm, { rate_limit, window_ms }: Plan): string[] => [
  ...['--rate-limit', String(rate_limit), '--rate-burst', String(Math.max(1, rate_limit))],
  ...['--flush-interval-ms', String(form === 'frame' ? 0 : window_ms)],
];

async function startPeerEntrant(
  { peer, mode }: EntrantOf<'peer'>,
  plan: Plan,
  within: Within,
): Promise<Started> {
  const running = await startPeer(peer, peerOptions(mode, plan), within);
  const speaksContract = peer.encoding === undefined || peer.encoding === 'json';
  return {
    pid: running.pid,
    chat: targetOf(running.url),
    echo: speaksContract ? targetOf(running.url, '/echo') : undefined,
    encoding: peer.encoding ?? 'json',
    failed: running.failed,
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

async function startHubbub(
  { name, hub, form, workers }: EntrantOf<'hubbub'>,
  plan: Plan,
  within: Within,
): Promise<Started> {
  const encoding = form === 'frame' ? 'json' : form;
  const flags = hubbubFlags(form, plan);
  const server = { ...hubbub({ encoding, hub, workers, cpus: [], flags }), name };
  const running = await startServer(server, { confinement: within });
  return {
    pid: running.pid,
    chat: {
      ...targetOf(`ws://127.0.0.1:${running.port}/ws`),
      subprotocol: `hubbub.v1.${encoding}`,
    },
    echo: undefined,
    encoding: encoding === 'msgpack' ? 'msgpack' : 'json',
    failed: running.failed,
    [Symbol.asyncDispose]: () => running.stop(),
  };
}

function withinReach({ url, encoding, subprotocol }: EntrantOf<'url'>): Started {
  const target = targetOf(url);
  return {
    pid: undefined,
    chat: subprotocol === undefined ? target : { ...target, subprotocol },
    echo: targetOf(url, '/echo'),
    encoding,
    failed: never,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
