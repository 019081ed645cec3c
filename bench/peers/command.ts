import { list, UsageError } from '../command/options.ts';
import { breachesOf } from '../contract/conformance.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { buildPeer, missingFor } from './build.ts';
import { conform } from './conform.ts';
import type { Peer } from './peer.ts';
import { PEERS } from './peers.ts';

const NAMES = PEERS.map(({ name }) => name);

const OPTIONS = { peers: list(NAMES, NAMES, 'which of them') };

/** `ready`, or why not: what to get, what the toolchain said, which rules are broken. */
interface State {
  readonly isReady: boolean;
  readonly detail: string;
}

async function prepare(peer: Peer): Promise<State> {
  const missing = missingFor(peer);
  if (missing !== undefined) return { isReady: false, detail: missing };
  try {
    await buildPeer(peer);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { isReady: false, detail: error.message };
  }
  const verdicts = await conform(peer);
  const breaches = breachesOf(verdicts);
  if (breaches.length > 0) return { isReady: false, detail: `breaks ${breaches.join('; ')}` };
  const left = verdicts.filter(({ outcome }) => outcome === 'not checked').map(({ rule }) => rule);
  const exceptions = left.length > 0 ? `; not checked: ${left.join(', ')}` : '';
  return { isReady: true, detail: `keeps the contract${exceptions}` };
}

/** Builds the peers that can be built here, and puts each through the contract. */
export const peersCommand: Scenario<typeof OPTIONS> = {
  name: 'peers',
  summary: 'builds the servers to compare with and checks them; says what is missing',
  options: OPTIONS,
  async run({ peers }, progress) {
    const states: (State & { readonly peer: Peer })[] = [];
    for (const peer of PEERS.filter(({ name }) => peers.includes(name))) {
      progress(`peers: ${peer.name}`);
      states.push({ peer, ...(await prepare(peer)) });
    }
    const rows = states.map(({ peer, isReady, detail }) => ({
      peer: peer.name,
      profile: peer.profile,
      stack: peer.stack,
      state: isReady ? 'ready' : 'not ready',
      detail: detail.split('\n')[0] ?? '',
    }));
    const late = states.filter(({ isReady }) => !isReady);
    return {
      tables: [rows],
      targets: [],
      problems: late.map(({ peer, detail }) => `${peer.name} is not ready: ${detail}`),
      data: { peers: rows },
    };
  },
};
