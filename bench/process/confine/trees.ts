import { existsSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  attempt,
  CONTROLLERS,
  type Controller,
  type GroupFolders,
  UnavailableError,
} from './layout.ts';
import { folderOf, type GroupMount, type ProcessGroups } from './mounts.ts';

/**
 * Version 1: directly below each controller's root. Whoever may make groups there is root, and the
 * benchmark is not to depend on what its own group is limited to.
 * @returns the folder in which to make a group, by controller; controllers that are not mounted are left out
 */
export function parentsV1(mounts: readonly GroupMount[]): GroupFolders {
  const parents = new Map<Controller, string>();
  for (const controller of CONTROLLERS) {
    const mount = mounts.find(({ controllers }) => controllers.includes(controller));
    if (mount !== undefined) parents.set(controller, mount.point);
  }
  return parents;
}

/** Where the benchmark itself goes, so that its own group is free to have others below it. */
const ASIDE = 'hubbub-bench-self';

/**
 * Version 2: below the benchmark's own group where that has been delegated to it, which is to say that
 * nobody else is in it; otherwise, for root, below the root of the tree, as container engines do.
 * Switches the controllers on there.
 * @param isRoot whether we may write everywhere
 * @throws UnavailableError when the tree belongs to somebody else, such as systemd
 */
export function parentsV2(
  mounts: readonly GroupMount[],
  own: ProcessGroups,
  isRoot: boolean,
): GroupFolders {
  const mount = mounts.find(({ version }) => version === 2);
  if (mount === undefined) throw new UnavailableError('it is not mounted');
  const parent = delegated(mount, own) ?? (isRoot ? mount.point : undefined);
  if (parent === undefined) {
    throw new UnavailableError(
      'its tree belongs to somebody else: `systemd-run --user --scope -p Delegate=yes` before the ' +
        'command gives the benchmark a part of its own',
    );
  }
  const available = wordsIn(parent, 'cgroup.controllers');
  const usable = CONTROLLERS.filter((controller) => available.includes(controller));
  const enabled = wordsIn(parent, 'cgroup.subtree_control');
  for (const controller of usable.filter((one) => !enabled.includes(one))) {
    attempt(`its controller ${controller} cannot be switched on`, () =>
      writeFileSync(join(parent, 'cgroup.subtree_control'), `+${controller}`),
    );
  }
  return new Map(usable.map((controller) => [controller, parent]));
}

/**
 * A group with processes in it cannot hand controllers on: those in ours, which are all the
 * benchmark's, go to a group of their own beside those to be made.
 */
function delegated(mount: GroupMount, own: ProcessGroups): string | undefined {
  const folder = folderOf(mount, own.get('') ?? '');
  // The root of the tree is nobody's own.
  if (folder === undefined || !existsSync(join(folder, 'cgroup.type'))) return undefined;
  if (basename(folder) === ASIDE) return dirname(folder);
  const inside = wordsIn(folder, 'cgroup.procs').map(Number);
  // One of them may end while it is looked at.
  const isAlone = attempt('who else is in its group is unknown', () => inside.every(isOurs));
  if (!inside.includes(process.pid) || !isAlone) return undefined;
  const aside = join(folder, ASIDE);
  attempt('its group cannot be divided', () => {
    mkdirSync(aside, { recursive: true });
    for (const pid of inside) writeFileSync(join(aside, 'cgroup.procs'), String(pid));
  });
  return folder;
}

/** This process, what it has started, and the `bun run` that started it; never somebody's shell. */
function isOurs(pid: number): boolean {
  if (pid === process.ppid) return programOf(pid) === programOf(process.pid);
  for (let at = pid; at > 1; at = parentOf(at)) {
    if (at === process.pid) return true;
  }
  return false;
}

const programOf = (pid: number): string => readlinkSync(`/proc/${pid}/exe`);

const parentOf = (pid: number): number =>
  Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);

const wordsIn = (folder: string, file: string): readonly string[] =>
  attempt(`its ${file} cannot be read`, () => readFileSync(join(folder, file), 'utf8'))
    .split(/\s+/)
    .filter((word) => word !== '');
