import { existsSync, readFileSync } from 'node:fs';

/** What the kernel counts for the container of a process. */
export interface ContainerMemory {
  /** The most it has had at a time, in bytes: with kernel memory and file pages, as its limit counts. */
  readonly peak_bytes: number;
  /** How often an allocation met the limit; each time the kernel had to take pages back. */
  readonly limit_hits: number;
}

const CGROUPS = '/sys/fs/cgroup';

/** @returns undefined where the kernel does not say: not Linux, or older than 5.19 with version 2 */
export function containerMemory(pid: number): ContainerMemory | undefined {
  const v1 = v1Folder(pid);
  if (v1 !== undefined && existsSync(v1)) {
    return {
      peak_bytes: Number(readFileSync(`${v1}/memory.max_usage_in_bytes`, 'utf8')),
      limit_hits: Number(readFileSync(`${v1}/memory.failcnt`, 'utf8')),
    };
  }
  const v2 = CGROUPS + (groupOf(pid, /^0::(.*)$/m) ?? '');
  if (!existsSync(`${v2}/memory.peak`)) return undefined;
  const events = readFileSync(`${v2}/memory.events`, 'utf8');
  return {
    peak_bytes: Number(readFileSync(`${v2}/memory.peak`, 'utf8')),
    limit_hits: Number(/^max (\d+)$/m.exec(events)?.[1] ?? 0),
  };
}

function v1Folder(pid: number): string | undefined {
  const group = groupOf(pid, /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m);
  return group === undefined ? undefined : `${CGROUPS}/memory${group}`;
}

function groupOf(pid: number, line: RegExp): string | undefined {
  const path = `/proc/${pid}/cgroup`;
  return existsSync(path) ? line.exec(readFileSync(path, 'utf8'))?.[1] : undefined;
}

/** The most memory a process has had resident at a time, shared pages of its program included. */
export function peakResidentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kib === undefined) throw new Error(`process ${pid} has ended`);
  return Number(kib) * 1_024;
}
