import { expect } from 'bun:test';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requires } from '../../../tests/support/requires.ts';
import { buildPeer } from '../../peers/build.ts';
import { goGorilla } from '../../peers/go_gorilla/peer.ts';
import { startPeer } from '../../peers/start.ts';
import { openConfinement } from './confinement.ts';
import { askEngine, type ContainerEngine } from './engine.ts';
import { buildImage } from './images.ts';
import { folderOf, groupMounts, groupsOf } from './mounts.ts';

const TEST_MS_MAX = 180_000;
const MIB = 2 ** 20;
const podman: ContainerEngine = {
  name: 'podman',
  command: ['podman', '--runtime', 'runc', '--cgroup-manager', 'cgroupfs'],
};

/** What a file of a process's groups says, in those of them that have it. */
function valuesOf(pid: number, file: string): readonly string[] {
  const groups = groupsOf(pid);
  const folders = groupMounts().map((mount) =>
    folderOf(mount, groups.get(mount.controllers[0] ?? '') ?? ''),
  );
  const paths = folders.map((folder) => join(folder ?? '', file)).filter(existsSync);
  return paths.map((path) => readFileSync(path, 'utf8'));
}

requires('podman', 'runc', 'golang')(
  'an image is built and its server held to its limits, with podman in the place of Docker',
  async () => {
    await buildPeer(goGorilla);
    // Statically linked: nothing has to be pulled for it to run.
    const folder = mkdtempSync(join(tmpdir(), 'hubbub-image-'));
    const [program = ''] = goGorilla.command;
    copyFileSync(program, join(folder, 'server'));
    const dockerfile = 'FROM scratch\nCOPY server /server\nENTRYPOINT ["/server"]\n';
    writeFileSync(join(folder, 'Dockerfile'), dockerfile);
    const image = await buildImage(podman, { name: 'test', folder });
    rmSync(folder, { recursive: true });

    const limits = { cpus: [0], cpu_limit: 0.5, memory_limit_bytes: 64 * MIB };
    await using confinement = await openConfinement({ ...limits, image });
    expect(confinement.remarks).toEqual(['Containers are run by podman in the place of Docker.']);
    const running = await startPeer(goGorilla, {}, confinement);
    expect((await fetch(`http://127.0.0.1:${running.port}/stats`)).ok).toBe(true);
    expect(readFileSync(`/proc/${running.pid}/status`, 'utf8')).toMatch(
      /^Cpus_allowed_list:\s+0$/m,
    );
    const known = ['cpu.max', 'cpu.cfs_quota_us', 'memory.max', 'memory.limit_in_bytes'];
    const given = known.flatMap((file) => valuesOf(running.pid, file));
    expect(given.map((value) => Number.parseFloat(value))).toEqual([
      50_000,
      limits.memory_limit_bytes,
    ]);
    const { memory_peak_bytes = 0, throttled_ms } = confinement.usage();
    expect(memory_peak_bytes).toBeWithin(MIB / 4, 64 * MIB);
    expect(throttled_ms).toBeGreaterThanOrEqual(0);
    await running[Symbol.asyncDispose]();
    expect(confinement.usage().memory_peak_bytes).toBeGreaterThanOrEqual(memory_peak_bytes);
    const left = await askEngine(podman, 'ps', '--all', '--format', '{{.Names}}');
    expect(left).not.toContain(`-${process.pid}-`);
    await askEngine(podman, 'rmi', image.tag);
  },
  TEST_MS_MAX,
);
