import { readlinkSync } from 'node:fs';
import { ProcessEndedError, startOf } from '../usage.ts';

/**
 * Names of what the benchmark makes outside of itself, groups and containers: each says whose it is, so
 * that the next benchmark can tell what one has left behind that was killed.
 */
const PREFIX = 'hubbub-bench';
const NAME = new RegExp(`^${PREFIX}-(\\d+)-(\\d+)-(\\d+)-\\d+$`);

let count = 0;

/** Never the same again, on this machine. */
export function freshName(): string {
  count += 1;
  return [PREFIX, pidNamespace(), process.pid, startOf(process.pid), count].join('-');
}

/**
 * Whether a name is of a benchmark that has ended without tidying up. Nothing is said of what was made
 * in another container, where process ids mean other processes.
 */
export function isAbandoned(name: string): boolean {
  const [, namespace, pid, started] = NAME.exec(name) ?? [];
  if (namespace !== pidNamespace()) return false;
  try {
    // Process ids come again; together with their start they do not.
    return startOf(Number(pid)) !== Number(started);
  } catch (error) {
    if (error instanceof ProcessEndedError) return true;
    throw error;
  }
}

const pidNamespace = (): string => /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
