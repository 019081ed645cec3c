import { expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { folderOf, groupMounts, groupsOf, parseGroups } from './mounts.ts';

test('trees of both versions are found where they are mounted', () => {
  const mountinfo = [
    '23 1 254:0 / / rw,relatime - ext4 /dev/root rw',
    '32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct',
    '40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd',
    '41 31 0:38 /docker/abc /mnt/a\\040b rw,relatime - cgroup2 cgroup2 rw,nsdelegate',
    '',
  ].join('\n');
  expect(groupMounts(mountinfo)).toEqual([
    {
      version: 1,
      point: '/sys/fs/cgroup/cpu,cpuacct',
      root: '/',
      controllers: ['cpu', 'cpuacct'],
    },
    { version: 1, point: '/sys/fs/cgroup/systemd', root: '/', controllers: ['name=systemd'] },
    { version: 2, point: '/mnt/a b', root: '/docker/abc', controllers: [] },
  ]);
});

test('a process says which groups it is in', () => {
  const groups = parseGroups(
    '4:memory:/a/b\n2:cpu,cpuacct:/\n1:name=systemd:/x\n0::/user.slice/a:b\n',
  );
  expect(Object.fromEntries(groups)).toEqual({
    memory: '/a/b',
    cpu: '/',
    cpuacct: '/',
    'name=systemd': '/x',
    '': '/user.slice/a:b',
  });
});

test.each([
  ['/', '/', '/mnt'],
  ['/', '/a/b', '/mnt/a/b'],
  ['/docker/abc', '/docker/abc', '/mnt'],
  ['/docker/abc', '/docker/abc/d', '/mnt/d'],
  ['/docker/abc', '/docker/abcd', undefined],
  ['/docker/abc', '/elsewhere', undefined],
  ['/', '/../outside', undefined],
])('below the root %p the group %p is the folder %p', (root, group, folder) => {
  expect(folderOf({ version: 2, point: '/mnt', root, controllers: [] }, group)).toBe(
    folder as string,
  );
});

test('what this machine has mounted is there', () => {
  for (const mount of groupMounts()) {
    const group = groupsOf().get(mount.controllers[0] ?? '');
    const folder = group === undefined ? undefined : folderOf(mount, group);
    if (folder !== undefined) expect(existsSync(`${folder}/cgroup.procs`)).toBe(true);
  }
});
