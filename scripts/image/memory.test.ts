import { expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { containerMemory } from './memory.ts';

const PID = 4_711;

function memoryIn(files: Readonly<Record<string, string>>): ReturnType<typeof containerMemory> {
  const root = mkdtempSync(join(tmpdir(), 'hubbub-cgroups-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), content);
    }
    return containerMemory(PID, root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

test('cgroups, version 1: the memory controller has a tree of its own', () => {
  const found = memoryIn({
    [`proc/${PID}/cgroup`]: '5:cpu,cpuacct:/other\n4:memory:/docker/abc\n0::/\n',
    'sys/fs/cgroup/memory/docker/abc/memory.max_usage_in_bytes': '31457280\n',
    'sys/fs/cgroup/memory/docker/abc/memory.failcnt': '3\n',
  });
  expect(found).toEqual({ peak_bytes: 31_457_280, limit_hits: 3 });
});

test('cgroups, version 2: one tree, and times over the limit among the events', () => {
  const found = memoryIn({
    [`proc/${PID}/cgroup`]: '0::/system.slice/docker-abc.scope\n',
    'sys/fs/cgroup/system.slice/docker-abc.scope/memory.peak': '52428800\n',
    'sys/fs/cgroup/system.slice/docker-abc.scope/memory.events': 'low 0\nhigh 0\nmax 7\noom 1\n',
  });
  expect(found).toEqual({ peak_bytes: 52_428_800, limit_hits: 7 });
});

test('where the kernel does not say there is no figure', () => {
  expect(memoryIn({ [`proc/${PID}/cgroup`]: '0::/scope\n' })).toBeUndefined();
  expect(memoryIn({})).toBeUndefined();
});
