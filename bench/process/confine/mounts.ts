import { readFileSync } from 'node:fs';

/** Where a tree of control groups can be reached. */
export interface GroupMount {
  readonly version: 1 | 2;
  /** Its folder. */
  readonly point: string;
  /** The group that the folder stands for, in the words of `/proc/<pid>/cgroup`. */
  readonly root: string;
  /** Of version 1, whose trees have some each; empty for version 2, whose groups say themselves. */
  readonly controllers: readonly string[];
}

/** Reads `/proc/self/mountinfo`, or what is given as that (`man 5 proc`). */
export function groupMounts(
  mountinfo: string = readFileSync('/proc/self/mountinfo', 'utf8'),
): readonly GroupMount[] {
  return mountinfo.split('\n').flatMap((line): GroupMount[] => {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root = '', point = ''] = before.split(' ').map(unescaped);
    const [type, , options = ''] = after.split(' ');
    if (type === 'cgroup2') return [{ version: 2, point, root, controllers: [] }];
    if (type !== 'cgroup') return [];
    const controllers = options.split(',').filter((option) => option !== 'rw' && option !== 'ro');
    return [{ version: 1, point, root, controllers }];
  });
}

/** Blanks and the like are written as three octal digits. */
const unescaped = (word: string): string =>
  word.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );

/** The groups of a process, by controller; version 2 has the name ''. */
export type ProcessGroups = ReadonlyMap<string, string>;

/** Of a process. */
export const groupsOf = (pid: number | 'self' = 'self'): ProcessGroups =>
  parseGroups(readFileSync(`/proc/${pid}/cgroup`, 'utf8'));

/** @param cgroup what `/proc/<pid>/cgroup` says (`man 7 cgroups`) */
export function parseGroups(cgroup: string): ProcessGroups {
  const groups = new Map<string, string>();
  for (const line of cgroup.split('\n')) {
    const [, controllers, ...path] = line.split(':');
    if (controllers === undefined) continue;
    for (const controller of controllers.split(',')) groups.set(controller, path.join(':'));
  }
  return groups;
}

/** The folder of a group, which the mount may not reach. */
export function folderOf({ root, point }: GroupMount, group: string): string | undefined {
  if (group.includes('/..')) return undefined;
  const prefix = root === '/' ? '' : root;
  if (group !== prefix && !group.startsWith(`${prefix}/`)) return undefined;
  const rest = group.slice(prefix.length);
  return rest === '' || rest === '/' ? point : `${point}${rest}`;
}
