import { availableParallelism } from 'node:os';

/**
 * The words to put before a command so that it runs on one core, all of its threads included.
 * Empty where that cannot be had: reports say so.
 */
export function pinTo(cpu: number): readonly string[] {
  return canPin() ? ['taskset', '-c', String(cpu)] : [];
}

/** Whether server and load client can have a core each. */
export const canPin = (): boolean => Bun.which('taskset') !== null && availableParallelism() > 1;
