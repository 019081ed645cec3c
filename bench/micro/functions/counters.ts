import { type Addon, loadAddon } from '../../../server/hub/native/addon.ts';
import type { Case, Suite } from '../suite.ts';

const ADDITIONS = 10_000;
const WARMUP_RUNS = 100;
/** A counter of the process that nobody else uses. */
const WORKER = 0;
const COUNTER = 31;

export const COUNTERS = {
  plain: 'a field of an object',
  atomics: 'Atomics.add, 32 bits',
  native: 'native, relaxed atomic',
  locked: 'native, mutex',
} as const;

/** What counting one thing costs: why counting is done where the work is, and nothing crosses for it. */
export const counters: Suite = new Map<string, () => Case>([
  [COUNTERS.plain, plain],
  [COUNTERS.atomics, atomics],
  [COUNTERS.native, () => counting(addon().countersAdd)],
  [COUNTERS.locked, () => counting(addon().countersAddLocked)],
]);

function plain(): Case {
  const counts = { messages: 0 };
  return {
    operations: ADDITIONS,
    warmup_runs: WARMUP_RUNS,
    run() {
      for (let index = 0; index < ADDITIONS; index += 1) counts.messages += 1;
      return counts.messages;
    },
  };
}

function atomics(): Case {
  const counts = new Int32Array(new SharedArrayBuffer(64));
  return {
    operations: ADDITIONS,
    warmup_runs: WARMUP_RUNS,
    run() {
      for (let index = 0; index < ADDITIONS; index += 1) Atomics.add(counts, 0, 1);
      return counts[0];
    },
  };
}

function counting(add: Addon['countersAdd']): Case {
  return {
    operations: ADDITIONS,
    warmup_runs: WARMUP_RUNS,
    run() {
      for (let index = 0; index < ADDITIONS; index += 1) add(WORKER, COUNTER, 1);
    },
  };
}

function addon(): Addon {
  const loaded = loadAddon();
  if (typeof loaded === 'string') throw new Error(`no addon: it ${loaded}`);
  return loaded;
}
