import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { ask, succeeds } from '../../../scripts/image/command.ts';
import { UsageError } from '../../command/options.ts';
import type { Limits } from './port.ts';

/** What builds images and runs containers here. Docker and podman share the commands used. */
export interface ContainerEngine {
  readonly name: 'docker' | 'podman';
  /** Put before `build`, `run` and the rest. */
  readonly command: readonly string[];
}

export interface ContainerWords {
  readonly name: string;
  readonly tag: string;
  readonly limits: Limits;
  /** Of the server itself. */
  readonly flags: readonly string[];
}

/** Names another engine, or one with options of its own: `podman --cgroup-manager cgroupfs`. */
export const ENGINE_VARIABLE = 'HUBBUB_BENCH_DOCKER';

const INFO_MS_MAX = 10_000;
const COMMAND_MS_MAX = 60_000;
/** Threads count too: a server has a few for each core. */
const PROCESSES_MAX = 4_096;

/**
 * The one that `HUBBUB_BENCH_DOCKER` names, or Docker, or podman, whichever answers.
 * @returns undefined when none does
 * @throws UsageError when one was named that does not answer
 */
export async function findContainerEngine(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<ContainerEngine | undefined> {
  const named = environment[ENGINE_VARIABLE]?.split(' ').filter((word) => word !== '') ?? [];
  const candidates = named.length > 0 ? [named] : [['docker'], podmanWords()];
  for (const command of candidates) {
    const [program = ''] = command;
    if (Bun.which(program) === null || !(await succeeds([...command, 'info'], INFO_MS_MAX)))
      continue;
    return { name: basename(program) === 'podman' ? 'podman' : 'docker', command };
  }
  if (named.length === 0) return undefined;
  throw new UsageError(`${ENGINE_VARIABLE} names "${named.join(' ')}", which does not answer.`);
}

/** Needs no systemd that way. */
const podmanWords = (): readonly string[] => [
  'podman',
  ...(Bun.which('runc') === null ? [] : ['--runtime', 'runc']),
  ...['--cgroup-manager', 'cgroupfs'],
];

/** Runs a command of the engine. @returns what it wrote to stdout. @throws with what it said */
export const askEngine = ({ command }: ContainerEngine, ...words: string[]): Promise<string> =>
  ask([...command, ...words], COMMAND_MS_MAX);

export const buildWords = (
  { name, command }: ContainerEngine,
  tag: string,
  dockerfile: string,
  context: string,
): readonly string[] => [
  ...[...command, 'build', '--quiet'],
  ...(name === 'podman'
    ? ['--isolation', 'chroot', '--network', 'host', '--format', 'docker']
    : []),
  ...['--file', dockerfile, '--tag', tag, context],
];

/**
 * In the foreground, so that signals reach the server and its log reaches us. On the network of the
 * host: a bridge would be measured along with the server.
 */
export const runWords = (
  { name: engine, command }: ContainerEngine,
  { name, tag, limits, flags }: ContainerWords,
): readonly string[] => [
  ...[...command, 'run', '--rm', '--name', name, '--network', 'host', '--pull', 'never'],
  ...['--no-healthcheck', '--ulimit', `nofile=${openFilesMax()}`],
  // What podman would like to allow may be more than it may itself.
  ...(engine === 'podman' ? ['--ulimit', `nproc=${PROCESSES_MAX}:${PROCESSES_MAX}`] : []),
  ...limitFlags(limits),
  ...[tag, ...flags],
];

function limitFlags({ cpus, cpu_limit, memory_limit_bytes }: Limits): readonly string[] {
  return [
    ...['--cpuset-cpus', cpus.join(',')],
    ...(cpu_limit === undefined ? [] : ['--cpus', String(cpu_limit)]),
    // The second is memory and swap together: nothing is to be swapped out.
    ...(memory_limit_bytes === undefined
      ? []
      : ['--memory', `${memory_limit_bytes}b`, '--memory-swap', `${memory_limit_bytes}b`]),
  ];
}

/** As many as this process may have, like a server without a container. */
function openFilesMax(): string {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(limits)?.[1];
  if (hard === undefined) throw new Error('the kernel does not say how many files may be open');
  return `${hard}:${hard}`;
}
