import { readFileSync } from 'node:fs';

/**
 * What the kernel knows about a process. Linux only: it stands in /proc. Everything here throws
 * `ProcessEndedError` for a process that is no more.
 */

/** Linux reports processor time to user space in hundredths of a second, on every architecture. */
const TICK_MS = 10;
/** `utime` and `stime` in /proc/<pid>/stat, counted behind the name, which may hold blanks. Likewise `starttime`. */
const UTIME = 11;
const STIME = 12;
const STARTTIME = 19;

export class ProcessEndedError extends Error {
  override readonly name = 'ProcessEndedError';

  constructor(pid: number, cause?: unknown) {
    super(`process ${pid} has ended`, { cause });
  }
}

/** Processor time of all threads of a process, those that have ended included, in milliseconds. */
export function cpuTime_ms(pid: number): number {
  const fields = statFields(pid);
  return (Number(fields[UTIME]) + Number(fields[STIME])) * TICK_MS;
}

/** When a process was started, in hundredths of a second since the machine was. */
export const startOf = (pid: number): number => Number(statFields(pid)[STARTTIME]);

function statFields(pid: number): readonly string[] {
  const stat = read(pid, 'stat');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** How long the main thread has been ready to run without a core to run on, in milliseconds. */
export function waitedForCpu_ms(pid: number): number {
  const [, waited_ns] = read(pid, 'schedstat').split(' ');
  return Number(waited_ns) / 1e6;
}

/** Resident memory. The kernel's own buffers for the process's sockets are not in it. */
export function residentBytes(pid: number): number {
  const status = read(pid, 'status');
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kib === undefined) throw new ProcessEndedError(pid);
  return Number(kib) * 1_024;
}

function read(pid: number, file: 'stat' | 'schedstat' | 'status'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch (error) {
    // The second when it ends between opening the file and reading it.
    const isGone = error instanceof Error && /^(ENOENT|ESRCH)\b/.test(error.message);
    throw isGone ? new ProcessEndedError(pid, error) : error;
  }
}
