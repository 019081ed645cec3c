import { afterEach, describe, expect, test } from 'bun:test';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ControlGroup } from './control_group.ts';
import { settingsFor, UnavailableError } from './layout.ts';
import { type GroupMount, groupMounts } from './mounts.ts';
import { parentsV1, parentsV2 } from './trees.ts';

/** Folders and files as the kernel has them, without a kernel behind: paths and words are what is tested. */
const made: string[] = [];
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true });
});

interface MadeUpGroup {
  readonly controllers?: string;
  readonly enabled?: string;
  readonly procs?: readonly number[];
}

function makeRoot(files: MadeUpGroup): GroupMount {
  const point = mkdtempSync(join(tmpdir(), 'hubbub-groups-'));
  made.push(point);
  makeGroup(point, files);
  return { version: 2, point, root: '/', controllers: [] };
}

function makeGroup(
  folder: string,
  { controllers = '', enabled = '', procs = [] }: MadeUpGroup,
): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'cgroup.controllers'), `${controllers}\n`);
  writeFileSync(join(folder, 'cgroup.subtree_control'), `${enabled}\n`);
  writeFileSync(join(folder, 'cgroup.procs'), procs.map((pid) => `${pid}\n`).join(''));
}

function makeOwn(mount: GroupMount, path: string, files: MadeUpGroup): string {
  const folder = join(mount.point, path);
  makeGroup(folder, files);
  writeFileSync(join(folder, 'cgroup.type'), 'domain\n');
  return folder;
}

const own = (path: string) => new Map([['', path]]);
const read = (folder: string, file: string): string => readFileSync(join(folder, file), 'utf8');

describe('a made-up tree of version 2', () => {
  test('root makes groups below the root of the tree, and switches on what is off', () => {
    const mount = makeRoot({
      controllers: 'cpuset cpu io memory pids',
      enabled: 'cpu memory pids',
    });
    makeOwn(mount, '/user.slice/session-1.scope', { procs: [1, process.pid] });
    const parents = parentsV2([mount], own('/user.slice/session-1.scope'), true);
    expect([...parents]).toEqual([
      ['cpuset', mount.point],
      ['cpu', mount.point],
      ['memory', mount.point],
    ]);
    expect(read(mount.point, 'cgroup.subtree_control')).toBe('+cpuset');
  });

  test('what has been delegated is used: its processes step aside', () => {
    const mount = makeRoot({ controllers: 'cpu memory', enabled: 'cpu memory' });
    const files = { controllers: 'cpu memory', enabled: 'cpu', procs: [process.pid] };
    const scope = makeOwn(mount, '/user.slice/run-7.scope', files);
    const parents = parentsV2([mount], own('/user.slice/run-7.scope'), false);
    expect([...parents]).toEqual([
      ['cpu', scope],
      ['memory', scope],
    ]);
    expect(read(scope, 'cgroup.subtree_control')).toBe('+memory');
    expect(read(join(scope, 'hubbub-bench-self'), 'cgroup.procs')).toBe(String(process.pid));
    // The second time it has already stepped aside.
    makeOwn(mount, '/user.slice/run-7.scope/hubbub-bench-self', { procs: [process.pid] });
    const again = parentsV2([mount], own('/user.slice/run-7.scope/hubbub-bench-self'), false);
    expect([...again]).toEqual([...parents]);
  });

  test('a group with somebody else in it is not divided, and who is not root is told what to do', () => {
    const mount = makeRoot({ controllers: 'cpu memory', enabled: 'cpu memory' });
    const scope = makeOwn(mount, '/session-1.scope', { procs: [1, process.pid] });
    const open = () => parentsV2([mount], own('/session-1.scope'), false);
    expect(open).toThrow(UnavailableError);
    expect(open).toThrow('systemd-run --user --scope -p Delegate=yes');
    expect(readdirSync(scope)).not.toContain('hubbub-bench-self');
  });

  test('a group that the mount does not reach is not ours', () => {
    const mount = makeRoot({ controllers: 'cpu', enabled: 'cpu' });
    expect(() => parentsV2([mount], own('/../elsewhere'), false)).toThrow('somebody else');
    expect([...parentsV2([mount], own('/../elsewhere'), true)]).toEqual([['cpu', mount.point]]);
  });

  test('without a tree there is none', () => {
    expect(() => parentsV2([], own('/'), true)).toThrow('not mounted');
  });

  test('a controller that is needed and not there is named', async () => {
    const mount = makeRoot({ controllers: 'cpuset cpu', enabled: 'cpuset cpu' });
    const parents = parentsV2([mount], own('/'), true);
    const limits = { cpus: [0], cpu_limit: 1, memory_limit_bytes: 2 ** 20 };
    await expect(ControlGroup.open(2, parents, limits)).rejects.toThrow('it has no memory here');
    const none = ControlGroup.open(2, new Map(), { cpus: [0] });
    await expect(none).rejects.toThrow('no controllers');
    expect(readdirSync(mount.point)).toHaveLength(3);
  });

  test('a group is given its limits, and its counters are read', async () => {
    const mount = makeRoot({ controllers: 'cpuset cpu memory', enabled: 'cpuset cpu memory' });
    const limits = { cpus: [0, 2, 3], cpu_limit: 1.5, memory_limit_bytes: 2 ** 28 };
    const group = await ControlGroup.open(2, parentsV2([mount], own('/'), true), limits);
    expect(group.method).toBe('cgroup v2');
    const name = readdirSync(mount.point).find((entry) => entry.startsWith('hubbub-bench-'));
    const folder = join(mount.point, name ?? '');
    expect(read(folder, 'cpuset.cpus')).toBe('0,2,3');
    expect(read(folder, 'cpu.max')).toBe('150000 100000');
    expect(read(folder, 'memory.max')).toBe(String(2 ** 28));
    expect(group.wrap(['server'])).toEqual([
      ...['sh', '-c', expect.any(String), 'sh', folder, '--', 'server'],
    ]);
    expect(group.usage()).toEqual({});
    writeFileSync(join(folder, 'cpu.stat'), 'usage_usec 9\nnr_throttled 2\nthrottled_usec 12500\n');
    writeFileSync(join(folder, 'memory.peak'), '4096\n');
    writeFileSync(join(folder, 'memory.events'), 'low 0\nhigh 0\nmax 7\noom 2\noom_kill 1\n');
    const usage = { throttled_ms: 12.5, memory_peak_bytes: 4_096, oom_kills: 1 };
    expect(group.usage()).toEqual(usage);
    // The kernel's own files go with their folder.
    rmSync(folder, { recursive: true });
    await group[Symbol.asyncDispose]();
    expect(group.usage()).toEqual(usage);
  });

  test('cores are assigned otherwise where the tree cannot', async () => {
    const mount = makeRoot({ controllers: 'cpu', enabled: 'cpu' });
    const group = await ControlGroup.open(2, parentsV2([mount], own('/'), true), { cpus: [0] });
    const command = group.wrap(['server']);
    const isPinned = command.slice(-4).join(' ') === 'taskset -c 0 server';
    expect(isPinned || group.remarks.length === 1).toBe(true);
    await group[Symbol.asyncDispose]();
  });
});

test('swap is no way around a memory limit, in either version', () => {
  const limits = { cpus: [1], memory_limit_bytes: 1_000 };
  const found = ([1, 2] as const).map((version) =>
    settingsFor(version, limits, '0').map(({ file, value }) => `${file}=${value}`),
  );
  expect(found).toEqual([
    [
      ...['cpuset.cpus=1', 'cpuset.mems=0'],
      ...['memory.limit_in_bytes=1000', 'memory.memsw.limit_in_bytes=1000'],
    ],
    ['cpuset.cpus=1', 'memory.max=1000', 'memory.swap.max=0'],
  ]);
});

test('each controller of version 1 has a place of its own', () => {
  const at = (point: string, ...controllers: string[]): GroupMount => ({
    ...{ version: 1, point, root: '/', controllers },
  });
  const mounts = [
    at('/g/cpu,cpuacct', 'cpu', 'cpuacct'),
    at('/g/cpuset', 'cpuset'),
    at('/g/pids', 'pids'),
  ];
  expect(Object.fromEntries(parentsV1(mounts))).toEqual({
    cpu: '/g/cpu,cpuacct',
    cpuset: '/g/cpuset',
  });
});

const real =
  process.geteuid?.() === 0 ? groupMounts().find(({ version }) => version === 2) : undefined;
const onV2 = (name: string, tests: () => Promise<void>): void => {
  if (real !== undefined) test(name, tests);
};
if (real === undefined) {
  test('version 2 is not to be had here, or not for us: it is tried on made-up trees alone', () => {
    const isRoot = process.geteuid?.() === 0;
    expect(isRoot && groupMounts().some(({ version }) => version === 2)).toBe(false);
  });
}

describe('the kernel’s tree of version 2, whichever controllers it has', () => {
  // Where a tree of version 1 has the controllers, this one has none, and limits nothing.
  const parents = new Map([['memory', real?.point ?? '']] as const);

  onV2('a group is entered, and removed with what runs in it', async () => {
    await using group = await ControlGroup.open(2, parents, { cpus: [0] });
    const command = group.wrap(['sh', '-c', 'cat /proc/self/cgroup; exec sleep 600']);
    const child = Bun.spawn([...command], { stdio: ['ignore', 'pipe', 'inherit'] });
    const said = new TextDecoder().decode((await child.stdout.getReader().read()).value);
    expect(said).toMatch(/^0::\/hubbub-bench-[\d-]+$/m);
    await group[Symbol.asyncDispose]();
    await child.exited;
    expect(child.signalCode).toBe('SIGKILL');
  });

  onV2('a benchmark alone in its group steps aside', async () => {
    await using group = await ControlGroup.open(2, parents, { cpus: [0] });
    const source = `
      const { groupMounts, groupsOf } = await import(${JSON.stringify(join(import.meta.dir, 'mounts.ts'))});
      const { parentsV2 } = await import(${JSON.stringify(join(import.meta.dir, 'trees.ts'))});
      const own = groupsOf();
      parentsV2(groupMounts(), own, false);
      console.log(JSON.stringify([own.get(''), groupsOf().get('')]));`;
    const child = Bun.spawn([...group.wrap([process.execPath, '-e', source])], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [before, after] = JSON.parse(await child.stdout.text());
    await child.exited;
    expect(before).toMatch(/^\/hubbub-bench-[\d-]+$/);
    expect(after).toBe(`${before}/hubbub-bench-self`);
    rmdirSync(join(real?.point ?? '', after));
  });
});
