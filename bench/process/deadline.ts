/** @throws Error when `promise` takes longer: `what` says what was waited for */
export async function within<T>(time_ms: number, promise: Promise<T>, what: string): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`waited ${Math.round(time_ms)} ms in vain for ${what}`)),
    time_ms,
  );
  return Promise.race([promise, late.promise]).finally(() => clearTimeout(timer));
}

/**
 * Asks again and again until the answer is true.
 * @throws Error when that takes longer than `time_ms`
 */
export async function until(
  time_ms: number,
  isSo: () => boolean | Promise<boolean>,
  what: string,
): Promise<void> {
  const deadline_ms = performance.now() + time_ms;
  while (!(await isSo())) {
    if (performance.now() > deadline_ms) {
      throw new Error(`waited ${Math.round(time_ms)} ms in vain for ${what}`);
    }
    await Bun.sleep(LOOK_MS);
  }
}

const LOOK_MS = 100;
