import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the kernel counts for the container of a process. */
export interface ContainerMemory {
  /** The most it has had at a time, in bytes: with kernel memory and file pages, as its limit counts. */
  readonly peak_bytes: number;
  /** How often an allocation met the limit; each time the kernel had to take pages back. */
  readonly limit_hits: number;
}

/**
 * @param root where the kernel shows itself as files
 * @returns undefined where it does not say: not Linux, or older than 5.19 with version 2 of cgroups
 */
export function containerMemory(pid: number, root = '/'): ContainerMemory | undefined {
  const groups = join(root, 'proc', String(pid), 'cgroup');
  if (!existsSync(groups)) return undefined;
  const lines = readFileSync(groups, 'utf8');
  const folder = (line: RegExp, version: string): string =>
    join(root, 'sys/fs/cgroup', version, line.exec(lines)?.[1] ?? '');
  return (
    readV1(folder(/^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m, 'memory')) ??
    readV2(folder(/^0::(.*)$/m, ''))
  );
}

function readV1(folder: string): ContainerMemory | undefined {
  const peak = join(folder, 'memory.max_usage_in_bytes');
  if (!existsSync(peak)) return undefined;
  return {
    peak_bytes: Number(readFileSync(peak, 'utf8')),
    limit_hits: Number(readFileSync(join(folder, 'memory.failcnt'), 'utf8')),
  };
}

function readV2(folder: string): ContainerMemory | undefined {
  const peak = join(folder, 'memory.peak');
  if (!existsSync(peak)) return undefined;
  const events = readFileSync(join(folder, 'memory.events'), 'utf8');
  return {
    peak_bytes: Number(readFileSync(peak, 'utf8')),
    limit_hits: Number(/^max (\d+)$/m.exec(events)?.[1] ?? Number.NaN),
  };
}

/** The most memory a process has had resident at a time, shared pages of its program included. */
export function peakResidentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kib === undefined) throw new Error(`process ${pid} has ended`);
  return Number(kib) * 1_024;
}
