import { availableParallelism } from 'node:os';

/**
 * The words to put before a command so that it runs on these cores, all of its threads included; without
 * any, it runs where it likes.
 * Empty where that cannot be had: reports say so.
 */
export function pinTo(cpus: readonly number[]): readonly string[] {
  return canPin() && cpus.length > 0 ? ['taskset', '-c', cpus.join(',')] : [];
}

/** Whether server and load client can have a core each. */
export const canPin = (): boolean => Bun.which('taskset') !== null && availableParallelism() > 1;

/** A server's core with one worker, and the load client's. */
export interface CorePlan {
  readonly server_cpu: number;
  readonly client_cpu: number;
}

/**
 * As many cores as a server has workers, as far as there are any: its own first, then those that are
 * free, and the load client's last.
 */
export function coresFor(
  workers: number,
  { server_cpu, client_cpu }: CorePlan,
  cpus: number = availableParallelism(),
): readonly number[] {
  const all = Array.from({ length: cpus }, (_, cpu) => cpu);
  const others = all.filter((cpu) => cpu !== server_cpu && cpu !== client_cpu);
  return [...new Set([server_cpu, ...others, client_cpu])].slice(0, Math.max(1, workers));
}
