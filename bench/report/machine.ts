import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { groupMounts } from '../process/confine/mounts.ts';
import { canPin } from '../process/pin.ts';
import type { ResultDocument } from './document.ts';

/** What the figures were measured on: enough to find such a machine again, and nothing that names it. */
export type Machine = ResultDocument['machine'];

export const describeMachine = (): Machine => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cpus: availableParallelism(),
  memory_bytes: totalmem(),
  kernel: `${type()} ${release()}`,
  bun: Bun.version,
  load_average: loadavg()[0] ?? 0,
  pinning: canPin() ? 'taskset' : 'none',
  ...known('smt', smt()),
  ...known('virtualised', virtualised()),
  ...known('governor', contentOf(`${PROCESSORS}/cpu0/cpufreq/scaling_governor`)),
  ...known('cgroup', cgroupVersion()),
  toolchains: toolchainVersions(),
});

/** One line for people. */
export const machineLine = (machine: Machine): string =>
  [
    `${machine.cpus} × ${machine.cpu}${oddities(machine)}`,
    `${Math.round(machine.memory_bytes / 2 ** 30)} GiB`,
    machine.kernel,
    `Bun ${machine.bun}`,
    ...Object.entries(machine.toolchains ?? {}).map(([name, version]) => `${name} ${version}`),
    `pinning: ${machine.pinning}`,
    `load average ${machine.load_average.toFixed(2)}\n`,
  ].join(', ');

const PROCESSORS = '/sys/devices/system/cpu';
/** A toolchain that has to be asked for longer is not one that anybody builds with. */
const VERSION_MS_MAX = 5_000;

const TOOLCHAINS: Readonly<Record<string, readonly string[]>> = {
  'Node.js': ['node', '--version'],
  Go: ['go', 'version'],
  Rust: ['rustc', '--version'],
  Zig: ['zig', 'version'],
};

function known<K extends string, V>(name: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [name]: value } as Record<K, V>);
}

function oddities({ smt: isThreaded, virtualised: isVirtual, governor }: Machine): string {
  const said = [
    isThreaded === true ? 'SMT' : '',
    isVirtual === true ? 'virtual' : '',
    governor ?? '',
  ].filter((word) => word !== '');
  return said.length === 0 ? '' : ` (${said.join(', ')})`;
}

/** Whether two of the processors may be one core; undefined when the kernel does not say. */
function smt(): boolean | undefined {
  const active = contentOf(`${PROCESSORS}/smt/active`);
  return active === undefined ? undefined : active === '1';
}

/** Undefined on processors that do not say. */
function virtualised(): boolean | undefined {
  const flags = /^flags\s*:(.*)$/m.exec(contentOf('/proc/cpuinfo') ?? '')?.[1];
  return flags?.split(' ').includes('hypervisor');
}

/** Version 2 alone, or version 1, which may have parts of version 2 beside it. */
function cgroupVersion(): 'v1' | 'v2' | undefined {
  if (process.platform !== 'linux') return undefined;
  const mounts = groupMounts();
  if (mounts.some(({ controllers }) => controllers.includes('memory'))) return 'v1';
  return mounts.some(({ version }) => version === 2) ? 'v2' : undefined;
}

function toolchainVersions(): Readonly<Record<string, string>> {
  const versions: Record<string, string> = {};
  for (const [name, command] of Object.entries(TOOLCHAINS)) {
    const version = Bun.which(command[0] ?? '') === null ? undefined : versionOf(command);
    if (version !== undefined) versions[name] = version;
  }
  return versions;
}

/** @returns undefined when it says none: a launcher may be there whose toolchain is not */
function versionOf(command: readonly string[]): string | undefined {
  const { stdout } = Bun.spawnSync([...command], {
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: VERSION_MS_MAX,
  });
  return /\d+\.\d+(\.\d+)?(-[\w.+]+)?/.exec(stdout.toString())?.[0];
}

/** @returns undefined when this machine does not have it, or does not let us read it */
function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
