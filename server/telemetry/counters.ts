import { CLOSES } from '../errors.ts';

/** Why an upgrade was turned down, as a metric label. */
export const UPGRADE_REFUSALS = [
  'bad_request',
  'subprotocol',
  'origin',
  'token',
  'token_unchecked',
  'server_full',
  'address_full',
  'too_fast',
  'draining',
] as const;

export type UpgradeRefusal = (typeof UPGRADE_REFUSALS)[number];

/** Close codes that a peer may rightly send, beside those that mean no more than that it left. */
const PEER_CLOSE_CODES = [1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014] as const;

/** How a connection can end, as a metric label: a list, so that no peer can make it grow. */
export const CLOSE_CAUSES = [
  ...(Object.keys(CLOSES) as (keyof typeof CLOSES)[]),
  'keepalive',
  'connection_lost',
  'client_left',
  'client_other',
  ...PEER_CLOSE_CODES.map((code) => `client_${code}` as const),
] as const;

export type CloseCause = (typeof CLOSE_CAUSES)[number];

const NUMBERS = [
  'connections',
  'publishes_in_flight',
  'messages_received',
  'commands_received',
  'rate_limited',
  'refused',
  'malformed',
  'connections_opened',
  'frames_received',
  'bytes_received',
  'frames_published',
  'bytes_published',
  'handler_failures',
] as const;

/** What one worker's edge, sessions and rooms count. */
export type WorkerCounters = Record<(typeof NUMBERS)[number], number> & {
  readonly closed: Record<CloseCause, number>;
  readonly upgrades_refused: Record<UpgradeRefusal, number>;
};

const CELLS_PER_LINE = 64 / Float64Array.BYTES_PER_ELEMENT;
const CELLS_USED = NUMBERS.length + CLOSE_CAUSES.length + UPGRADE_REFUSALS.length;
/** Whole cache lines: two workers that count must not take each other's. */
const CELLS_PER_WORKER = Math.ceil(CELLS_USED / CELLS_PER_LINE) * CELLS_PER_LINE;

/**
 * The counters of all workers, in memory that every one of them can read. Each cell has one writer and
 * is written whole, so that counting costs a plain store and whoever is asked can answer for all.
 */
export class CounterBoard {
  readonly memory: SharedArrayBuffer;
  readonly #workers: readonly WorkerCounters[];

  /** @param memory of the board that another worker has made for as many */
  constructor(
    workers: number,
    memory = new SharedArrayBuffer(workers * CELLS_PER_WORKER * Float64Array.BYTES_PER_ELEMENT),
  ) {
    this.memory = memory;
    const cells = new Float64Array(memory);
    this.#workers = Array.from({ length: workers }, (_, worker) =>
      countersIn(cells.subarray(worker * CELLS_PER_WORKER, (worker + 1) * CELLS_PER_WORKER)),
    );
  }

  /** @throws RangeError when there is no such worker */
  ofWorker(worker: number): WorkerCounters {
    const counters = this.#workers[worker];
    if (counters === undefined) throw new RangeError(`there is no worker ${worker}`);
    return counters;
  }

  all(): readonly WorkerCounters[] {
    return this.#workers;
  }
}

/** Causes and how often they came up, without those that never did. */
export const seen = (counts: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));

function countersIn(cells: Float64Array): WorkerCounters {
  const [closedAt, refusedAt] = [NUMBERS.length, NUMBERS.length + CLOSE_CAUSES.length];
  return Object.assign(fields(NUMBERS, cells), {
    closed: fields(CLOSE_CAUSES, cells.subarray(closedAt)),
    upgrades_refused: fields(UPGRADE_REFUSALS, cells.subarray(refusedAt)),
  });
}

/** An object whose fields are the first cells. */
function fields<N extends string>(names: readonly N[], cells: Float64Array): Record<N, number> {
  const object = {};
  for (const [index, name] of names.entries()) {
    Object.defineProperty(object, name, {
      enumerable: true,
      get: () => cells[index],
      set: (value: number) => {
        cells[index] = value;
      },
    });
  }
  return object as Record<N, number>;
}
