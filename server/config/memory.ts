import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';

/** What a container may use, as version 2 and version 1 of cgroups tell from inside it. */
const LIMITS = ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes'];
const POOL_BYTES_MAX = 512 * 1_024 * 1_024;

/**
 * Memory for the rooms of the native hub where nobody has set it: half of what the machine or the
 * container has, because sockets and JavaScript need the rest, and never more than 512 MiB.
 */
export function poolBytesFromMemory(limits: readonly string[] = LIMITS): number {
  const memory = Math.min(totalmem(), ...limits.map((path) => readLimit(path)));
  return Math.min(POOL_BYTES_MAX, Math.floor(memory / 2));
}

function readLimit(path: string): number {
  try {
    // `max`, in words, where there is none.
    return Number(readFileSync(path, 'utf8')) || Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
