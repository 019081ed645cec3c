/** Tells the user about progress: one line on stderr, so that stdout stays the program's own. */
export function say(line: string): void {
  process.stderr.write(`hubbub: ${line}\n`);
}

/** A line that should not be overlooked. */
export function warn(line: string): void {
  const text = `WARNING: ${line}`;
  say(process.stderr.isTTY ? `\u001b[1;33m${text}\u001b[0m` : text);
}

/** Seconds since `start` (a `performance.now()`), for a progress line. */
export function secondsSince(start: number): string {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`;
}
