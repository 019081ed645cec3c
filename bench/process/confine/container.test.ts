import { afterAll, beforeEach, describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../../command/options.ts';
import { bunBare } from '../../peers/bun_bare/peer.ts';
import { goGorilla } from '../../peers/go_gorilla/peer.ts';
import type { Peer } from '../../peers/peer.ts';
import { startPeer } from '../../peers/start.ts';
import { until } from '../deadline.ts';
import { openConfinement } from './confinement.ts';
import {
  buildWords,
  type ContainerEngine,
  ENGINE_VARIABLE,
  findContainerEngine,
} from './engine.ts';
import { imagesFor, sourcesOf } from './images.ts';
import { freshName } from './names.ts';

const folder = mkdtempSync(join(tmpdir(), 'hubbub-docker-'));
const FAKE = [process.execPath, join(import.meta.dir, 'fake_docker.ts'), folder];
const ROOT = join(import.meta.dir, '../../..');
const engine: ContainerEngine = { name: 'docker', command: FAKE };
const image = { engine, tag: 'hubbub-peer-bun-bare' };
const ignore = (): void => undefined;

beforeEach(() => {
  rmSync(folder, { recursive: true });
  mkdirSync(folder);
  writeFileSync(join(folder, 'entrypoint'), bunBare.command.join('\n'));
  process.env[ENGINE_VARIABLE] = FAKE.join(' ');
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  delete process.env[ENGINE_VARIABLE];
});

/** What the engine has been asked for, but whether it is there. */
const asked = (): string[][] =>
  readFileSync(join(folder, 'asked.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('a container', () => {
  test('is run with the limits, the flags of the server, and on the network of the host', async () => {
    const limits = { cpus: [1, 3], cpu_limit: 1.5, memory_limit_bytes: 2 ** 28 };
    await using confinement = await openConfinement({ ...limits, image });
    expect(confinement.method).toBe('docker');
    expect(confinement.remarks).toEqual([]);
    const command = confinement.wrap([
      '/usr/bin/bun',
      'server.ts',
      '--port',
      '0',
      '--mode',
      'frame',
    ]);
    expect(command.slice(0, FAKE.length)).toEqual(FAKE);
    expect(command.slice(FAKE.length)).toEqual([
      ...['run', '--rm', '--name', expect.stringMatching(/^hubbub-bench-[\d-]+$/)],
      ...['--network', 'host', '--pull', 'never', '--no-healthcheck'],
      ...['--ulimit', expect.stringMatching(/^nofile=(\d+):\1$/)],
      ...['--cpuset-cpus', '1,3', '--cpus', '1.5'],
      ...['--memory', '268435456b', '--memory-swap', '268435456b'],
      ...['hubbub-peer-bun-bare', '--port', '0', '--mode', 'frame'],
    ]);
  });

  test('without limits has its cores, and a server without flags none', async () => {
    await using confinement = await openConfinement({ cpus: [0], image, wanted: 'docker' });
    const command = confinement.wrap(['/server']);
    expect(command.slice(-3)).toEqual(['--cpuset-cpus', '0', 'hubbub-peer-bun-bare']);
    for (const flag of ['--cpus', '--memory']) expect(command).not.toContain(flag);
  });

  test('of a peer is started, watched and stopped like the peer', async () => {
    await using confinement = await openConfinement({ cpus: [0], image });
    const running = await startPeer(bunBare, { mode: 'frame' }, confinement);
    expect((await fetch(`http://127.0.0.1:${running.port}/stats`)).ok).toBe(true);
    // Not the engine's command, which has been started, but what runs inside.
    const words = readFileSync(`/proc/${running.pid}/cmdline`, 'utf8');
    expect(words).toContain('bun_bare/server.ts');
    expect(words).not.toContain('fake_docker');
    const { memory_peak_bytes, ...others } = confinement.usage();
    expect(others).not.toHaveProperty('oom_kills');
    await running[Symbol.asyncDispose]();
    expect(existsSync(`/proc/${running.pid}`)).toBe(false);
    expect(confinement.usage().memory_peak_bytes ?? 0).toBeGreaterThanOrEqual(
      memory_peak_bytes ?? 0,
    );
  });

  test('that still runs is removed at the end', async () => {
    const confinement = await openConfinement({ cpus: [0], image });
    const running = await startPeer(bunBare, {}, confinement);
    await confinement[Symbol.asyncDispose]();
    expect(asked().at(-1)?.slice(0, 3)).toEqual(['rm', '--force', '--volumes']);
    await until(5_000, () => !existsSync(`/proc/${running.pid}`), 'the server to be gone');
    await running[Symbol.asyncDispose]();
  });

  test('whose engine runs it elsewhere is not watched', async () => {
    await using confinement = await openConfinement({ cpus: [0], image });
    const [, name = ''] = /--name (\S+)/.exec(confinement.wrap([]).join(' ')) ?? [];
    // There is such a process here, older than the container.
    for (const pid of ['0', '1']) {
      writeFileSync(join(folder, `${name}.pid`), pid);
      await expect(confinement.serverPid(process.pid)).rejects.toThrow('on this machine');
    }
    rmSync(join(folder, `${name}.pid`));
  });

  test('of a killed benchmark is removed by the next; one of a living benchmark is not', async () => {
    const [prefix = ''] = /^hubbub-bench-\d+-/.exec(freshName()) ?? [];
    const ended = Bun.spawn(['true']);
    await ended.exited;
    const abandoned = `${prefix}${ended.pid}-1-1`;
    const kept = [freshName(), 'hubbub', 'hubbub-bench-1-1-1-1'];
    for (const name of [abandoned, ...kept]) writeFileSync(join(folder, `${name}.pid`), '0');
    await using _ = await openConfinement({ cpus: [0], image });
    expect(existsSync(join(folder, `${abandoned}.pid`))).toBe(false);
    for (const name of kept) expect(existsSync(join(folder, `${name}.pid`))).toBe(true);
  });
});

describe('images', () => {
  test('are built of each peer, in the folder that its Dockerfile copies from', async () => {
    const peers = [bunBare, goGorilla];
    const { images, remarks } = await imagesFor(peers, 'auto', ignore);
    expect(remarks).toEqual([]);
    expect([...images.keys()]).toEqual(['bun-bare', 'go-gorilla']);
    expect(images.get('go-gorilla')?.tag).toBe('hubbub-peer-go-gorilla');
    const builds = asked().filter(([command]) => command === 'build');
    const wordsFor = (peer: Peer, context: string): string[] => [
      ...['build', '--quiet', '--file', join(peer.folder, 'Dockerfile')],
      ...['--tag', `hubbub-peer-${peer.name}`, context],
    ];
    expect(builds).toEqual([wordsFor(bunBare, ROOT), wordsFor(goGorilla, goGorilla.folder)]);
  });

  test('of Hubbub come from the Dockerfile of the project', async () => {
    await imagesFor([{ name: 'hubbub-native', folder: join(ROOT, 'server') }], 'docker', ignore);
    const dockerfile = join(ROOT, 'Dockerfile.bun');
    expect(asked().at(-1)).toEqual([
      ...['build', '--quiet', '--file', dockerfile, '--tag', 'hubbub-peer-hubbub-native', ROOT],
    ]);
  });

  test('are there for all or for none, and the reason is told', async () => {
    const broken = { name: 'broken', folder: join(folder, 'broken') };
    mkdirSync(broken.folder);
    const bare = { name: 'bare', folder: join(folder, 'bare') };
    mkdirSync(bare.folder);
    writeFileSync(join(broken.folder, 'Dockerfile'), 'FROM nowhere\n');
    for (const [peer, reason] of [
      [broken, 'The image of broken cannot be built.'],
      [bare, 'bare has no Dockerfile.'],
    ] as const) {
      const peers = [bunBare, peer];
      const { images, remarks } = await imagesFor(peers, 'auto', ignore);
      expect(images.size).toBe(0);
      expect(remarks).toEqual([`No containers: ${reason}`]);
      const wanted = imagesFor(peers, 'docker', ignore);
      await expect(wanted).rejects.toThrow(UsageError);
      await expect(wanted).rejects.toThrow(reason);
    }
    await expect(imagesFor([broken], 'docker', ignore)).rejects.toThrow('nowhere: no such image');
  });

  test('are not built for other methods', async () => {
    expect(await imagesFor([bunBare], 'cgroup', ignore)).toEqual({
      images: new Map(),
      remarks: [],
    });
    expect(existsSync(join(folder, 'asked.jsonl'))).toBe(false);
  });

  test('take what a Dockerfile copies, but not from its own stages', () => {
    const dockerfile = [
      'FROM a AS build',
      'COPY go.mod go.sum ./',
      'COPY --chown=1:1 *.go src/',
      'COPY --from=build /program /program',
      'COPY --chown=1:1 --from=build /program /program',
    ].join('\n');
    expect(sourcesOf(dockerfile)).toEqual(['go.mod', 'go.sum', '*.go']);
  });
});

describe('an engine', () => {
  test('that was named is taken when it answers, and never replaced silently', async () => {
    const named = { [ENGINE_VARIABLE]: `  ${FAKE.join('  ')} ` };
    expect(await findContainerEngine(named)).toEqual(engine);
    writeFileSync(join(folder, 'down'), '');
    await expect(findContainerEngine(named)).rejects.toThrow('does not answer');
    const nowhere = { [ENGINE_VARIABLE]: 'no-such-docker' };
    await expect(findContainerEngine(nowhere)).rejects.toThrow(UsageError);
  });

  test('podman builds without a daemon’s rights', () => {
    const podman: ContainerEngine = { name: 'podman', command: ['podman'] };
    expect(buildWords(podman, 'tag', '/d/Dockerfile', '/d')).toEqual([
      ...['podman', 'build', '--quiet', '--isolation', 'chroot', '--network', 'host'],
      ...['--format', 'docker', '--file', '/d/Dockerfile', '--tag', 'tag', '/d'],
    ]);
  });
});
