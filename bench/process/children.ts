import type { Subprocess } from 'bun';

/** Every process the benchmark has started and that may still run. */
const children = new Set<Subprocess>();

/** From now on the process does not outlive the benchmark when that is told to stop. */
export function adopt(child: Subprocess): void {
  children.add(child);
  const forget = (): boolean => children.delete(child);
  child.exited.then(forget, forget);
}

/** At once, and without waiting. */
export function killChildren(): void {
  for (const child of children) child.kill('SIGKILL');
}
