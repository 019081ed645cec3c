import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { canPin } from '../process/pin.ts';

/** What the figures were measured on. */
export interface Machine {
  readonly cpu: string;
  readonly cpus: number;
  readonly memory_bytes: number;
  readonly kernel: string;
  readonly bun: string;
  /** Over the last minute, before the benchmark began: above 0 others were at work. */
  readonly load_average: number;
  readonly pinning: 'taskset' | 'none';
}

export const describeMachine = (): Machine => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cpus: availableParallelism(),
  memory_bytes: totalmem(),
  kernel: `${type()} ${release()}`,
  bun: Bun.version,
  load_average: loadavg()[0] ?? 0,
  pinning: canPin() ? 'taskset' : 'none',
});

/** One line for people. */
export const machineLine = (machine: Machine): string =>
  `${machine.cpus} × ${machine.cpu}, ${Math.round(machine.memory_bytes / 2 ** 30)} GiB, ` +
  `${machine.kernel}, Bun ${machine.bun}, pinning: ${machine.pinning}, ` +
  `load average ${machine.load_average.toFixed(2)}\n`;
