import type { Storage } from '../storage/port.ts';

const INTERVAL_MS = 60_000;
const ENTRIES_MAX = 1_000;

/**
 * Has storage drop what has expired by itself, a little at a time. One thread of the process does.
 * @param failed told what went wrong; it goes on
 * @returns what ends it
 */
export function keepTidy(storage: Storage, failed: (error: unknown) => void): () => void {
  const timer = setInterval(
    () => storage.deleteExpired(Date.now(), ENTRIES_MAX).catch(failed),
    INTERVAL_MS,
  );
  timer.unref();
  return () => clearInterval(timer);
}
