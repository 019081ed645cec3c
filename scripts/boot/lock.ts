import { Database } from 'bun:sqlite';

const poll_interval_ms = 100;

/** How long to wait for the lock, and whom to tell when waiting begins. */
export interface LockOptions {
  deadline_ms: number;
  onWait(): void;
}

/**
 * Runs `work` while no other process holds the lock on `path`.
 *
 * The lock is SQLite's lock on an empty database: the operating system takes it back when its
 * owner dies, however that happens, so there is no stale lock to recognise and break.
 *
 * @throws when the lock is still held by somebody else after `deadline_ms`.
 */
export async function withLock<T>(
  path: string,
  options: LockOptions,
  work: () => Promise<T>,
): Promise<T> {
  const database = new Database(path);
  try {
    await acquire(database, path, options);
    return await work();
  } finally {
    database.close();
  }
}

async function acquire(database: Database, path: string, options: LockOptions): Promise<void> {
  if (tryAcquire(database)) return;
  options.onWait();
  const deadline = performance.now() + options.deadline_ms;
  while (!tryAcquire(database)) {
    if (performance.now() >= deadline) {
      throw new Error(`${path} is still locked by another process after ${options.deadline_ms} ms`);
    }
    await Bun.sleep(poll_interval_ms);
  }
}

function tryAcquire(database: Database): boolean {
  try {
    database.run('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY') return false;
    throw error;
  }
}
