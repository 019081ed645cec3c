import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** Where a container finds its share of the processors: `<quota|max> <period>`, both in µs. */
const CGROUP_V2 = '/sys/fs/cgroup/cpu.max';
/** The same before version 2, in two files; a quota of -1 is none. */
const CGROUP_V1 = '/sys/fs/cgroup/cpu/cpu.cfs_';

/**
 * How many threads can run at once in this process: the processors it may use, or fewer when its
 * container is given less time than they have. Half a processor more is worth a thread of its own.
 */
export function usableProcessors(v2 = CGROUP_V2, v1 = CGROUP_V1): number {
  const limit = read(v2) ?? [read(`${v1}quota_us`), read(`${v1}period_us`)].join(' ');
  const [quota = Number.NaN, period = Number.NaN] = limit.trim().split(/\s+/).map(Number);
  const share = quota > 0 && period > 0 ? Math.ceil(quota / period) : Number.POSITIVE_INFINITY;
  return Math.max(1, Math.min(availableParallelism(), share));
}

/** @returns undefined where there is no such file: not a container, or not this kind */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
