const DEADLINE_MS = 10_000;
const INTERVAL_MS = 10;

/**
 * Waits until `look` answers something: neither undefined nor false.
 * @throws when `deadline_ms` has passed, naming `what`
 */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  deadline_ms: number = DEADLINE_MS,
): Promise<T> {
  const end_ms = performance.now() + deadline_ms;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end_ms) throw new Error(`${what}: not within ${deadline_ms} ms`);
    await Bun.sleep(INTERVAL_MS);
  }
}
