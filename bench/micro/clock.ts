import { dlopen, ptr } from 'bun:ffi';

export interface Clock {
  /** `thread` runs only while its thread does: what others do on the machine is not in it. */
  readonly kind: 'thread' | 'wall';
  /** Nanoseconds since some moment. */
  readonly now_ns: () => number;
}

const LIBRARY = 'libc.so.6';
/** From Linux' `time.h`. */
const CLOCK_THREAD_CPUTIME_ID = 3;

/** The thread's own clock where there is one to be had, else the wall's. */
export function threadClock(): Clock {
  const wall: Clock = { kind: 'wall', now_ns: () => Bun.nanoseconds() };
  if (process.platform !== 'linux') return wall;
  const clockGetTime = loadClockGetTime();
  if (clockGetTime === undefined) return wall;
  const time = new BigInt64Array(2);
  const address = ptr(time);
  return {
    kind: 'thread',
    now_ns() {
      clockGetTime(CLOCK_THREAD_CPUTIME_ID, address);
      const [seconds = 0n, nanoseconds = 0n] = time;
      return Number(seconds) * 1e9 + Number(nanoseconds);
    },
  };
}

/** Undefined with a C library of another name: whoever measures says which clock it was. */
function loadClockGetTime() {
  try {
    return dlopen(LIBRARY, { clock_gettime: { args: ['i32', 'ptr'], returns: 'i32' } }).symbols
      .clock_gettime;
  } catch {
    return undefined;
  }
}
