import { readFileSync } from 'node:fs';

/** Descriptors kept for everything that is not a connection: listener, log, database, files. */
const RESERVE = 128;
/** Where the limit cannot be read (not Linux): what most systems allow a process. */
const FALLBACK = 1_024;

/** How many connections the process's open-file limit leaves room for. */
export function connectionsFromDescriptors(path = '/proc/self/limits'): number {
  let limits: string;
  try {
    limits = readFileSync(path, 'utf8');
  } catch {
    return FALLBACK - RESERVE;
  }
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
  const descriptors = soft === undefined ? FALLBACK : soft === 'unlimited' ? 2 ** 20 : Number(soft);
  return Math.max(1, descriptors - RESERVE);
}
