import { mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../deadline.ts';
import { pinTo } from '../pin.ts';
import {
  applySettings,
  attempt,
  type Controller,
  controllersNeeded,
  type GroupFolders,
  type GroupVersion,
  settingsFor,
  UnavailableError,
  usageOf,
} from './layout.ts';
import { freshName, isAbandoned } from './names.ts';
import type { Confinement, Limits, LimitUsage } from './port.ts';

const REMOVE_MS_MAX = 10_000;

/** Exit status when the group cannot be entered, as `env` and `timeout` have it for their own failures. */
const CANNOT_ENTER = 125;
/** Enters each group named before `--`, then becomes what stands behind it. */
const ENTER = `while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs" || exit ${CANNOT_ENTER}; shift; done; shift; exec "$@"`;

/** One group of the kernel's, in each tree that holds it to something. */
export class ControlGroup implements Confinement {
  readonly method: 'cgroup v1' | 'cgroup v2';
  readonly remarks: readonly string[];
  readonly #version: GroupVersion;
  readonly #folders: GroupFolders;
  readonly #pin: readonly string[];
  #last: LimitUsage = {};

  private constructor(version: GroupVersion, folders: GroupFolders, limits: Limits) {
    this.method = `cgroup v${version}`;
    this.#version = version;
    this.#folders = folders;
    this.#pin = folders.has('cpuset') ? [] : pinTo(limits.cpus);
    const isFree = !folders.has('cpuset') && this.#pin.length === 0;
    this.remarks = isFree ? ['Cores are not assigned: there is neither cpuset nor taskset.'] : [];
  }

  /**
   * Makes a group, and removes those of benchmarks that were killed.
   * @param parents the folder in which to make it, by controller
   * @throws UnavailableError when it cannot be made, or would not hold what is asked for
   */
  static async open(
    version: GroupVersion,
    parents: GroupFolders,
    limits: Limits,
  ): Promise<ControlGroup> {
    const missing = controllersNeeded(limits).filter((one) => !parents.has(one));
    if (missing.length > 0) throw new UnavailableError(`it has no ${missing.join(' and ')} here`);
    if (parents.size === 0) throw new UnavailableError('it has no controllers here');
    for (const parent of new Set(parents.values())) await removeAbandoned(parent);
    const name = freshName();
    const folders = new Map<Controller, string>();
    for (const [controller, parent] of parents) folders.set(controller, join(parent, name));
    const group = new ControlGroup(version, folders, limits);
    try {
      attempt('a group cannot be made', () => {
        for (const folder of new Set(folders.values())) mkdirSync(folder);
      });
      applySettings(folders, settingsFor(version, limits, version === 1 ? nodesOf(parents) : ''));
    } catch (error) {
      await group[Symbol.asyncDispose]();
      throw error;
    }
    return group;
  }

  wrap(command: readonly string[]): readonly string[] {
    const folders = new Set(this.#folders.values());
    return ['sh', '-c', ENTER, 'sh', ...folders, '--', ...this.#pin, ...command];
  }

  /** The shell has become the server. */
  async serverPid(spawned_pid: number): Promise<number> {
    return spawned_pid;
  }

  /** After the end: what it was then. */
  usage(): LimitUsage {
    const now = usageOf(this.#version, this.#folders);
    this.#last = { ...this.#last, ...now };
    return this.#last;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.usage();
    for (const folder of new Set(this.#folders.values())) await removeGroup(folder);
  }
}

/** Version 1: the memory of which processors' neighbourhood may be used. */
function nodesOf(parents: GroupFolders): string {
  const parent = parents.get('cpuset');
  if (parent === undefined) return '';
  const file = 'cpuset.mems';
  return attempt(`${file} cannot be read`, () => readFileSync(join(parent, file), 'utf8')).trim();
}

/** What a benchmark has left behind that was killed: servers that still run, and the group. */
async function removeAbandoned(parent: string): Promise<void> {
  for (const { name } of readdirSync(parent, { withFileTypes: true })) {
    if (isAbandoned(name)) await removeGroup(join(parent, name));
  }
}

async function removeGroup(folder: string): Promise<void> {
  await until(REMOVE_MS_MAX, () => isRemoved(folder), 'a control group to be empty');
}

/** A group can be removed once all in it have ended and been asked for their status. */
function isRemoved(folder: string): boolean {
  try {
    for (const pid of readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').map(Number)) {
      // 0 is nobody, or somebody in another container: to `kill` it would mean ourselves.
      if (pid > 0) process.kill(pid, 'SIGKILL');
    }
    rmdirSync(folder);
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return true;
    // ESRCH: it has just ended. EBUSY: not everybody has.
    if (code === 'ESRCH' || code === 'EBUSY') return false;
    throw error;
  }
}
