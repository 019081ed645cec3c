import { availableParallelism } from 'node:os';
import { Value } from 'typebox/value';
import {
  choice,
  integer,
  type Options,
  text,
  UsageError,
  type Values,
} from '../command/options.ts';
import { CONFINEMENTS } from '../process/confine/confinement.ts';
import { SEED_SPAN } from '../scenarios/order.ts';
import { PLAN, type Plan } from './plan.ts';

/** How the contest itself is held, whatever the scenario. */
const HOW = {
  peers: text('', 'who takes part, with commas; all that can be built when left out'),
  profile: choice(
    'all',
    ['all', 'A', 'B'],
    'peers of one profile: minimal stacks (B), frameworks (A)',
  ),
  runs: integer(3, 1, 100, 'of each server'),
  baseline: text('', 'whose figures ratios are told against; the first peer when left out'),
  cpus: integer(1, 1, 256, 'cores of a server with one worker'),
  memory: text('', 'most that a server may use, such as 512m or 2g; not limited when left out'),
  confine: choice('auto', CONFINEMENTS, 'what limits servers'),
  seed: integer(0, 0, SEED_SPAN - 1, 'of the random order of runs; 0 = a new one, printed'),
  url: text('', 'a server that runs already, instead of peers: ws://<host>:<port>/ws'),
  encoding: choice('json', ['json', 'msgpack', 'socket.io', 'centrifugo'], 'what that one speaks'),
  subprotocol: text('', 'what that one is offered in the handshake'),
  out: text('bench/results', 'folder for the result: JSON, Markdown and HTML'),
} as const;

/** What identifies a scenario is its file's. */
const FIXED = ['name', 'summary', 'kind', 'tolerates_loss'];
const CHANGEABLE = Object.entries(PLAN.properties).filter(([name]) => !FIXED.includes(name));

const OF_PLAN = Object.fromEntries(
  CHANGEABLE.map(([name, field]) => [name, text('', describe(field))]),
);

/** What `bun run bench <scenario…>` takes: `HOW`, and each field of a plan to set it otherwise. */
export const CONTEST_OPTIONS: typeof HOW & Options = { ...HOW, ...OF_PLAN };

export type ContestValues = Values<typeof HOW>;

function describe(field: object): string {
  return 'description' in field && typeof field.description === 'string' ? field.description : '';
}

/**
 * The plan with what the command line sets otherwise.
 * @throws UsageError for a value that the plan's schema does not allow
 */
export function planWith(plan: Plan, values: Readonly<Record<string, unknown>>): Plan {
  const set = CHANGEABLE.flatMap(([name, field]) => {
    const said = values[name];
    return typeof said === 'string' && said !== ''
      ? [[name, read(name, field, said)] as const]
      : [];
  });
  const changed = { ...plan, ...Object.fromEntries(set) };
  if (!Value.Check(PLAN, changed)) throw new Error('each value was checked');
  return changed;
}

function read(name: string, field: (typeof PLAN.properties)[keyof Plan], said: string): unknown {
  const value = 'items' in field ? said.split(',').map(numberOr) : numberOr(said);
  if (Value.Check(field, value)) return value;
  const [first] = Value.Errors(field, value);
  throw new UsageError(`--${name.replaceAll('_', '-')} ${first?.message ?? 'makes no sense'}.`);
}

const numberOr = (said: string): number | string =>
  /^\d+(\.\d+)?$/.test(said) ? Number(said) : said;

const UNITS: Readonly<Record<string, number>> = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** @returns undefined when nothing was said @throws UsageError for what is no amount of memory */
export function memoryBytes(said: string): number | undefined {
  if (said === '') return undefined;
  const [, amount = '', unit = ''] = /^(\d+)([kmg])$/i.exec(said) ?? [];
  const bytes = Number(amount) * (UNITS[unit.toLowerCase()] ?? 0);
  if (bytes > 0) return bytes;
  throw new UsageError('--memory takes a number with k, m or g, such as 512m.');
}

/** Cores apart: the first for servers, the last for the load engine. */
export interface Cores {
  readonly server: readonly number[];
  readonly client: number;
}

/**
 * @param wanted cores for the server; it never gets the engine's, unless there is only one
 * @returns fewer than wanted when there are not as many
 */
export function coresApart(wanted: number, cpus: number = availableParallelism()): Cores {
  const client = cpus - 1;
  const free = Array.from({ length: Math.max(1, cpus - 1) }, (_, cpu) => cpu);
  return { server: free.slice(0, wanted), client };
}
