import type { Storage } from '../storage/port.ts';
import type { IdentityLogger } from './open.ts';

const INTERVAL_MS = 60_000;
const ENTRIES_MAX = 1_000;

/**
 * Has storage drop what has expired by itself, a little at a time. One thread of the process does.
 * @returns what ends it
 */
export function keepTidy(storage: Storage, logger: IdentityLogger): () => void {
  const failed = (error: unknown): void =>
    logger.warn({ err: error }, 'what has expired could not be removed from storage');
  const timer = setInterval(
    () => storage.deleteExpired(Date.now(), ENTRIES_MAX).catch(failed),
    INTERVAL_MS,
  );
  timer.unref();
  return () => clearInterval(timer);
}
