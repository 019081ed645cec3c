import { UnavailableError } from './errors.ts';

/**
 * Waits for `promise`, but not for ever.
 * @throws UnavailableError naming `what` when `timeout_ms` passes first
 */
export async function withDeadline<T>(
  promise: Promise<T>,
  timeout_ms: number,
  what: string,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new UnavailableError(`${what} took longer than ${timeout_ms} ms`)),
      timeout_ms,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
