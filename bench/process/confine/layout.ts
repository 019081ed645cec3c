import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Limits, LimitUsage } from './port.ts';

/** The parts of the kernel that hold a group to something. */
export const CONTROLLERS = ['cpuset', 'cpu', 'memory'] as const;
export type Controller = (typeof CONTROLLERS)[number];

/** The folders of one group: version 2 has one for all of its controllers, version 1 may have several. */
export type GroupFolders = ReadonlyMap<Controller, string>;

export type GroupVersion = 1 | 2;

/** A value that a group is given before anything runs in it. */
interface Setting {
  readonly controller: Controller;
  readonly file: string;
  readonly value: string;
  /** Some kernels do not have the file; without it there is nothing to set. */
  readonly isOptional?: boolean;
}

/** The time in which a share of the processor is given out. */
const PERIOD_US = 100_000;

/** Cannot be had here; the message names no path. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
}

/** Names of files: the kernel's admin guide, cgroup-v1/ and cgroup-v2.rst. */
export function settingsFor(
  version: GroupVersion,
  limits: Limits,
  nodes: string,
): readonly Setting[] {
  const { cpus, cpu_limit, memory_limit_bytes } = limits;
  const settings: Setting[] = [
    { controller: 'cpuset', file: 'cpuset.cpus', value: cpus.join(',') },
  ];
  // Version 1 lets nobody in before it knows which memory they may use.
  if (version === 1) settings.push({ controller: 'cpuset', file: 'cpuset.mems', value: nodes });
  if (cpu_limit !== undefined) {
    const quota_us = Math.round(cpu_limit * PERIOD_US);
    settings.push(
      ...(version === 2
        ? [cpuSetting('cpu.max', `${quota_us} ${PERIOD_US}`)]
        : [
            cpuSetting('cpu.cfs_period_us', String(PERIOD_US)),
            cpuSetting('cpu.cfs_quota_us', String(quota_us)),
          ]),
    );
  }
  if (memory_limit_bytes !== undefined) {
    const bytes = String(memory_limit_bytes);
    // What is swapped out would not count, and be slow: it is not to happen at all.
    settings.push(
      ...(version === 2
        ? [memorySetting('memory.max', bytes), optional('memory.swap.max', '0')]
        : [
            memorySetting('memory.limit_in_bytes', bytes),
            optional('memory.memsw.limit_in_bytes', bytes),
          ]),
    );
  }
  return settings;
}

const cpuSetting = (file: string, value: string): Setting => ({ controller: 'cpu', file, value });
const memorySetting = (file: string, value: string): Setting => ({
  controller: 'memory',
  file,
  value,
});
const optional = (file: string, value: string): Setting => ({
  ...memorySetting(file, value),
  isOptional: true,
});

/** The controllers without which the limits would not hold. Cores can be assigned in other ways. */
export function controllersNeeded({
  cpu_limit,
  memory_limit_bytes,
}: Limits): readonly Controller[] {
  return [
    ...(cpu_limit === undefined ? [] : (['cpu'] as const)),
    ...(memory_limit_bytes === undefined ? [] : (['memory'] as const)),
  ];
}

/** @throws UnavailableError when the kernel refuses a value */
export function applySettings(folders: GroupFolders, settings: readonly Setting[]): void {
  for (const { controller, file, value, isOptional } of settings) {
    const folder = folders.get(controller);
    if (folder === undefined) continue;
    const path = join(folder, file);
    if (isOptional === true && !existsSync(path)) continue;
    attempt(`${file} cannot be set to ${value}`, () => writeFileSync(path, value));
  }
}

/** @throws UnavailableError in place of an error of the system */
export function attempt<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    throw new UnavailableError(`${what} (${String(error.code)})`, { cause: error });
  }
}

/** What the kernel has counted for a group; what it does not count is left out. */
export function usageOf(version: GroupVersion, folders: GroupFolders): LimitUsage {
  const [cpu, memory] = [folders.get('cpu'), folders.get('memory')];
  const throttled =
    version === 2
      ? numberIn(cpu, 'cpu.stat', 'throttled_usec', 1e3)
      : numberIn(cpu, 'cpu.stat', 'throttled_time', 1e6);
  const peak =
    version === 2 ? numberIn(memory, 'memory.peak') : numberIn(memory, 'memory.max_usage_in_bytes');
  const kills = numberIn(
    memory,
    version === 2 ? 'memory.events' : 'memory.oom_control',
    'oom_kill',
  );
  return {
    ...(throttled !== undefined && { throttled_ms: throttled }),
    ...(peak !== undefined && { memory_peak_bytes: peak }),
    ...(kills !== undefined && { oom_kills: kills }),
  };
}

/** @param key of a line `key value`; the file is one number when undefined */
function numberIn(
  folder: string | undefined,
  file: string,
  key?: string,
  divisor = 1,
): number | undefined {
  if (folder === undefined || !existsSync(join(folder, file))) return undefined;
  const content = readFileSync(join(folder, file), 'utf8');
  const lines = content.split('\n').map((line) => line.split(' '));
  const value = key === undefined ? content.trim() : lines.find(([name]) => name === key)?.[1];
  return value === undefined ? undefined : Number(value) / divisor;
}
