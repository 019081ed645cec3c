import { readFileSync } from 'node:fs';

/** What the kernel knows about a process. Linux only: it stands in /proc. */

/** Linux reports processor time to user space in hundredths of a second, on every architecture. */
const TICK_MS = 10;
/** `utime` and `stime` in /proc/<pid>/stat, counted behind the name, which may hold blanks. */
const UTIME = 11;
const STIME = 12;

/** Processor time of all threads of a process, those that have ended included, in milliseconds. */
export function cpuTime_ms(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[UTIME]) + Number(fields[STIME])) * TICK_MS;
}

/** How long the main thread has been ready to run without a core to run on, in milliseconds. */
export function waitedForCpu_ms(pid: number): number {
  const [, waited_ns] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ');
  return Number(waited_ns) / 1e6;
}

/** Resident memory. The kernel's own buffers for the process's sockets are not in it. */
export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kib === undefined) throw new Error(`process ${pid} has ended`);
  return Number(kib) * 1_024;
}
