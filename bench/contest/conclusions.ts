import { openConfinement } from '../process/confine/confinement.ts';
import type { Confinement, Subject } from '../report/document.ts';
import { counts } from '../report/summary.ts';
import type { ContestPlan } from './contest.ts';
import { coresWanted } from './entrant.ts';
import { confinementPlan, coresOf } from './run.ts';

/** How servers and client are kept apart in this contest: the same way for all. */
export async function confinementOf({
  entrants,
  limits,
  remarks,
}: ContestPlan): Promise<Confinement> {
  const cores = entrants.map((entrant) => coresOf(entrant, limits));
  const server_cpus = [...new Set(cores.flatMap(({ server }) => server))];
  const [entrant] = entrants;
  if (entrant === undefined) throw new RangeError('nobody takes part');
  await using confinement = await openConfinement(confinementPlan(entrant, limits));
  return {
    method: confinement.method,
    server_cpus,
    client_cpus: [...new Set(cores.map(({ client }) => client))],
    cpu_limit: null,
    memory_limit_bytes: limits.memory_bytes ?? null,
    remarks: [...remarks, ...confinement.remarks],
  };
}

/** Why figures must not be trusted, one sentence each: what a server did wrong is a figure of it. */
export function problemsOf(
  { entrants, limits, runs }: ContestPlan,
  subjects: readonly Subject[],
): string[] {
  const crowded = entrants.flatMap((entrant) => {
    const wanted = coresWanted(entrant) * limits.cpus;
    const has = coresOf(entrant, limits).server.length;
    return has < wanted ? [`${entrant.name}: ${has} cores instead of ${wanted}`] : [];
  });
  const wanting = subjects.flatMap(({ name, cases }) =>
    cases.flatMap(({ label, runs: made }) => {
      const who = label === '' ? name : `${name}, ${label}`;
      const counting = made.filter(counts).length;
      const reasons = [...new Set(made.flatMap((run) => run.void_reasons))];
      if (counting >= runs) return [];
      return [`${who}: ${runs - counting} of ${runs} runs do not count: ${reasons[0]}`];
    }),
  );
  return [...crowded, ...wanting];
}
