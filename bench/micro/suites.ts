import { counters } from './functions/counters.ts';
import { encoders } from './functions/encoding.ts';
import { native } from './spread/native.ts';
import { plain } from './spread/plain.ts';
import { script } from './spread/script.ts';
import { turnsOf } from './spread/turns.ts';
import type { Suite } from './suite.ts';
import { pairsOf } from './workers/pair.ts';

/** What a process can be asked to measure, by name. */
export const SUITES = {
  native: turnsOf(native),
  script: turnsOf(script),
  plain: turnsOf(plain),
  encoders,
  counters,
  'workers: hub': pairsOf('hub'),
  'workers: hub without window': pairsOf('hub without window'),
  'workers: broadcast': pairsOf('broadcast'),
  'workers: ring': pairsOf('ring'),
} as const satisfies Readonly<Record<string, Suite>>;

export type SuiteName = keyof typeof SUITES;

/** Whether the suite's own side runs in a Worker, as its other side does. */
export const runsInWorker = (name: SuiteName): boolean => name.startsWith('workers: ');

export const isSuiteName = (name: string): name is SuiteName => Object.hasOwn(SUITES, name);
