import { availableParallelism } from 'node:os';
import { UsageError } from '../command/options.ts';
import type { Mode, Peer, Profile } from '../peers/peer.ts';
import { PEERS } from '../peers/peers.ts';
import { HUBS, type HubKind } from '../process/hub.ts';

/** What a server of this project sends: windows of frames, joined frames, or each as it comes. */
export const HUBBUB_FORMS = ['json', 'ndjson', 'msgpack', 'frame'] as const;
export type HubbubForm = (typeof HUBBUB_FORMS)[number];

/** A server that takes part, in the form in which it does. */
export type Entrant = PeerEntrant | HubbubEntrant | UrlEntrant;

interface PeerEntrant {
  readonly is: 'peer';
  /** As `--peers` has it, such as `go-gorilla:joined`: unique in a contest. */
  readonly name: string;
  readonly peer: Peer;
  readonly mode: Mode;
}

interface HubbubEntrant {
  readonly is: 'hubbub';
  /** Such as `hubbub-native:ndjson@2`. */
  readonly name: string;
  readonly hub: HubKind;
  readonly form: HubbubForm;
  readonly workers: number;
}

/** A server that somebody else runs. */
interface UrlEntrant {
  readonly is: 'url';
  readonly name: string;
  readonly url: URL;
  readonly encoding: 'json' | 'msgpack' | 'socket.io' | 'centrifugo';
  readonly subprotocol?: string;
}

/** What `--peers` may name, with the forms of each. */
export function entrantChoices(): string[] {
  const peers = PEERS.map(({ name, modes }) =>
    modes.length > 1 ? `${name}[:${modes.join('|')}]` : name,
  );
  return [...HUBS.map((hub) => `hubbub-${hub}[:${HUBBUB_FORMS.join('|')}][@workers]`), ...peers];
}

/** Peers frame for frame, then those that can in windows, then Hubbub in all of its forms. */
export function defaultEntrants(profile: Profile | 'all'): Entrant[] {
  const peers = PEERS.filter((peer) => profile === 'all' || peer.profile === profile);
  const modes = peers.flatMap((peer) => peer.modes.slice(1).map((mode) => `${peer.name}:${mode}`));
  const hubbub = ['script:json', 'script:ndjson', ...HUBBUB_FORMS.map((form) => `native:${form}`)];
  return entrantsOf([
    ...peers.map(({ name }) => name),
    ...modes,
    ...hubbub.map((form) => `hubbub-${form}`),
  ]);
}

/**
 * Reads names such as `go-gorilla`, `go-gorilla:joined`, `hubbub-native:ndjson@2`.
 * @throws UsageError for what there is not, with what there is
 */
export const entrantsOf = (names: readonly string[]): Entrant[] =>
  [...new Set(names)].map(entrantOf);

function entrantOf(name: string): Entrant {
  const [, base = '', form, workers] = /^([a-z0-9.-]+)(?::([a-z]+))?(?:@(\d+))?$/.exec(name) ?? [];
  const hub = HUBS.find((one) => base === `hubbub-${one}`);
  if (hub !== undefined) return hubbubEntrant(name, hub, form, workers);
  const peer = PEERS.find((one) => one.name === base);
  if (peer === undefined || workers !== undefined) throw unknown(name);
  const mode = (peer.modes.length === 0 ? ['frame' as const] : peer.modes).find(
    (one, at) => one === form || (form === undefined && at === 0),
  );
  if (mode === undefined) throw unknown(name);
  return { is: 'peer', name, peer, mode };
}

function hubbubEntrant(name: string, hub: HubKind, form = 'json', workers = '1'): HubbubEntrant {
  const known = HUBBUB_FORMS.find((one) => one === form);
  const count = Number(workers);
  if (known === undefined || count < 1 || count > 256) throw unknown(name);
  if (hub === 'script' && count > 1) {
    throw new UsageError(`${name}: the hub in TypeScript serves with one worker.`);
  }
  return { is: 'hubbub', name, hub, form: known, workers: count };
}

const unknown = (name: string): UsageError =>
  new UsageError(`There is no peer "${name}": ${entrantChoices().join(', ')}.`);

/** Entrants of one name are built from the same sources. */
export function sourceName(entrant: Entrant): string {
  if (entrant.is === 'peer') return entrant.peer.name;
  return entrant.is === 'hubbub' ? `hubbub-${entrant.hub}` : entrant.name;
}

/** Cores that an entrant may use: one, or one for each worker as far as there are any. */
export const coresWanted = (entrant: Entrant): number =>
  entrant.is === 'hubbub' ? Math.min(entrant.workers, availableParallelism()) : 1;
