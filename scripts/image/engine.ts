import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../boot/project.ts';
import { perform, succeeds } from './command.ts';
import { standInContexts } from './stand_ins.ts';

/** Where the images that the Dockerfile starts from come from. */
export type Bases = 'registry' | 'debian';

/** What builds images and runs containers here. Docker and podman share most of their commands. */
export interface Engine {
  readonly name: 'docker' | 'podman';
  /** Put before `run`, `stop` and the rest. */
  readonly command: readonly string[];
  /** Builds the image of this project, telling about it on stderr. */
  build(tag: string, bases: Bases): Promise<void>;
  /** Flags of `run` with which the server answers on that port of this machine's loopback. */
  runFlags(port: number): readonly string[];
}

const DOCKERFILE = join(root, 'Dockerfile.bun');
const LOOK_MS_MAX = 10_000;
const BUILD_MS_MAX = 30 * 60_000;
/** Threads count too; a server has a few for each worker. */
const PROCESSES_MAX = 4_096;

const docker: Engine = {
  name: 'docker',
  command: ['docker'],
  async build(tag, bases) {
    if (bases !== 'registry') throw new Error('Docker takes its bases from the registry.');
    await perform(['docker', 'build', '--file', DOCKERFILE, '--tag', tag, root], BUILD_MS_MAX);
  },
  runFlags: (port) => ['--publish', `127.0.0.1:${port}:8080`],
};

/** Needs neither a daemon, nor systemd, nor a network of its own. */
export const podman: Engine = {
  name: 'podman',
  command: ['podman', '--runtime', 'runc', '--cgroup-manager', 'cgroupfs'],
  async build(tag, bases) {
    const from = bases === 'debian' ? await standInContexts(readFileSync(DOCKERFILE, 'utf8')) : [];
    const how = ['--isolation', 'chroot', '--network', 'host', '--format', 'docker', '--layers'];
    const what = ['--file', DOCKERFILE, '--tag', tag, root];
    await perform(['buildah', 'bud', ...how, ...from, ...what], BUILD_MS_MAX);
  },
  runFlags: (port) => [
    ...['--pull', 'never', '--network', 'host', '--no-healthcheck'],
    ...['--env', 'HUBBUB_HOST=127.0.0.1', '--env', `HUBBUB_PORT=${port}`],
    // What podman would like to allow may be more than it may itself.
    ...['--ulimit', `nofile=${openFilesMax()}`, '--ulimit', `nproc=${PROCESSES_MAX}`],
  ],
};

/**
 * Docker when its daemon answers, otherwise podman with buildah and runc.
 * @throws Error that says what to install
 */
export async function findEngine(): Promise<Engine> {
  if (Bun.which('docker') !== null && (await succeeds(['docker', 'info'], LOOK_MS_MAX))) {
    return docker;
  }
  const missing = ['podman', 'buildah', 'runc'].filter((name) => Bun.which(name) === null);
  if (missing.length === 0) return podman;
  throw new Error(
    `No Docker daemon answers, and ${missing.join(' and ')} would have to be installed.`,
  );
}

/** The hard limit of this process. */
function openFilesMax(): string {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(limits)?.[1];
  if (hard === undefined) throw new Error('/proc/self/limits does not speak of open files');
  return hard;
}
