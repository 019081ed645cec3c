import { UsageError } from '../../command/options.ts';
import { canPin, pinTo } from '../pin.ts';
import { Container, type Image } from './container.ts';
import { ControlGroup } from './control_group.ts';
import { UnavailableError } from './layout.ts';
import { groupMounts, groupsOf } from './mounts.ts';
import type { Confinement, Limits } from './port.ts';
import { parentsV1, parentsV2 } from './trees.ts';

export const CONFINEMENTS = ['auto', 'docker', 'cgroup', 'taskset'] as const;

/** What is asked for: `auto` takes the strongest that there is. */
export type WantedConfinement = (typeof CONFINEMENTS)[number];

export interface ConfinementPlan extends Limits {
  /** `auto` when undefined. */
  readonly wanted?: WantedConfinement;
  /** What the server is run from in a container; without one, `auto` means no container. */
  readonly image?: Image;
}

/**
 * Opens what keeps one server within its limits. Which method that is says the confinement, and what
 * of the limits it cannot hold.
 * @throws UsageError when a method is wanted by name and cannot be had here
 */
export async function openConfinement(plan: ConfinementPlan): Promise<Confinement> {
  const { wanted = 'auto', image } = plan;
  if (image !== undefined && (wanted === 'auto' || wanted === 'docker')) {
    return Container.open(image, plan);
  }
  if (wanted === 'docker') throw new UsageError('--confine docker: there is no image to run.');
  if (wanted === 'taskset') return pinned(plan, []);
  const { group, reasons } = await openGroup(plan);
  if (group !== undefined) return group;
  if (wanted === 'auto') return pinned(plan, reasons);
  throw new UsageError(`--confine cgroup: ${reasons.join(' ')}`);
}

interface GroupAttempt {
  readonly group?: ControlGroup;
  /** Why there is none, one sentence for each version. */
  readonly reasons: readonly string[];
}

async function openGroup(limits: Limits): Promise<GroupAttempt> {
  if (process.platform !== 'linux') return { reasons: ['Control groups are Linux’s.'] };
  const reasons: string[] = [];
  const mounts = groupMounts();
  const isRoot = process.geteuid?.() === 0;
  const attempts = [
    [2, () => parentsV2(mounts, groupsOf(), isRoot)],
    [1, () => parentsV1(mounts)],
  ] as const;
  for (const [version, parents] of attempts) {
    try {
      return { group: await ControlGroup.open(version, parents(), limits), reasons };
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      reasons.push(`cgroup v${version} is not used: ${error.message}.`);
    }
  }
  return { reasons };
}

/** The cores alone, where even that is possible. */
function pinned(limits: ConfinementPlan, reasons: readonly string[]): Confinement {
  const { cpus, cpu_limit, memory_limit_bytes, wanted } = limits;
  if (wanted === 'taskset' && !canPin()) {
    throw new UsageError('--confine taskset: there is no taskset, or only one core.');
  }
  return {
    method: canPin() ? 'taskset' : 'none',
    remarks: [
      ...reasons,
      ...(canPin() ? [] : ['Cores are not assigned: server and client share them.']),
      ...(cpu_limit === undefined ? [] : ['CPU time is not limited.']),
      ...(memory_limit_bytes === undefined ? [] : ['Memory is not limited.']),
    ],
    wrap: (command) => [...pinTo(cpus), ...command],
    serverPid: async (spawned_pid) => spawned_pid,
    usage: () => ({}),
    [Symbol.asyncDispose]: async () => undefined,
  };
}
