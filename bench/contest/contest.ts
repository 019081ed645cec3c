import { Histogram } from '../load/histogram.ts';
import type { Case, Run, Subject } from '../report/document.ts';
import { counts, summarise, toSnapshot } from '../report/summary.ts';
import { interleaved } from '../scenarios/order.ts';
import type { Progress } from '../scenarios/scenario.ts';
import { Clock } from './clock.ts';
import type { Entrant } from './entrant.ts';
import { subjectOf } from './entrant_words.ts';
import { type Plan, type Rung, rungsOf } from './plan.ts';
import { type Limits, makeRun } from './run.ts';

export interface ContestPlan {
  readonly plan: Plan;
  readonly entrants: readonly Entrant[];
  readonly limits: Limits;
  /** Runs of each entrant in each case. */
  readonly runs: number;
  readonly seed: number;
  /** What of the limits could not be had, besides what the confinement itself says. */
  readonly remarks: readonly string[];
}

/** A run that does not count is made once more: most often the machine was busy. */
const ATTEMPTS_MAX = 2;

/** Entrants take turns in random order, round after round, so that a slow minute meets all of them. */
export async function holdContest(contest: ContestPlan, progress: Progress): Promise<Subject[]> {
  const rungs = rungsOf(contest.plan);
  const clock = new Clock(contest.plan, rungs.length * contest.runs * contest.entrants.length);
  const cases = new Map<Entrant, Case[]>(contest.entrants.map((entrant) => [entrant, []]));
  let order = 0;
  for (const [at, rung] of rungs.entries()) {
    const runs = new Map<Entrant, Run[]>(contest.entrants.map((entrant) => [entrant, []]));
    for (const { subject: entrant } of interleaved(
      contest.entrants,
      contest.runs,
      contest.seed + at,
    )) {
      const made = runs.get(entrant) ?? [];
      const turn = { ...contest, rung, entrant, sustained_before: best(made) };
      for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
        const run = await makeRun({ ...turn, order }).catch((error: unknown) =>
          failedRun(order, error),
        );
        order += 1;
        made.push(run);
        const isLast = counts(run) || attempt === ATTEMPTS_MAX;
        progress(`${clock.after(isLast)} ${runLine(contest.plan, rung, entrant, run)}`);
        if (isLast) break;
      }
    }
    for (const [entrant, made] of runs) cases.get(entrant)?.push(caseOf(rung, made, contest.seed));
  }
  return [...cases].map(([entrant, of]) => ({ ...subjectOf(entrant, contest.plan), cases: of }));
}

/** A server or an engine that fails ends its run, and no other. */
function failedRun(order: number, error: unknown): Run {
  const [reason = 'failed'] = (error instanceof Error ? error.message : String(error)).split('\n');
  return {
    order,
    started_at: new Date().toISOString(),
    elapsed_ms: 0,
    void_reasons: [reason],
    faults: [],
    figures: {},
    messages: 0,
    window_ms: 0,
    latency_us: toSnapshot(new Histogram().snapshot()),
    samples: [],
    errors: {},
  };
}

const best = (runs: readonly Run[]): number | undefined =>
  runs.findLast(counts)?.figures.sustained_per_s;

const caseOf = ({ label, clients }: Rung, runs: Run[], seed: number): Case => ({
  label,
  clients,
  runs,
  summary: summarise(runs, seed),
});

function runLine(plan: Plan, rung: Rung, entrant: Entrant, run: Run): string {
  const { figures, void_reasons, faults } = run;
  const told = [
    ['throughput_per_s', 0, '/s'],
    ['latency_p50_ms', 2, ' ms p50'],
    ['latency_p99_ms', 2, ' ms p99'],
    ['cpu_us_per_delivery', 3, ' µs CPU each'],
    ['recovery_p99_ms', 1, ' ms to recover (p99)'],
    ['memory_per_connection_kib', 1, ' KiB a connection'],
  ] as const;
  const seen = told.flatMap(([name, digits, unit]) => {
    const value = figures[name];
    return value === undefined ? [] : [`${value.toFixed(digits)}${unit}`];
  });
  const notes = [
    ...(void_reasons.length > 0 ? [`does not count: ${void_reasons.join('; ')}`] : []),
    ...faults,
  ];
  const where = rung.label === '' ? plan.name : `${plan.name}, ${rung.label}`;
  const noted = notes.length === 0 ? '' : ` (${notes.join('; ')})`;
  return `${where}: ${entrant.name}: ${seen.join(', ')}${noted}`;
}
