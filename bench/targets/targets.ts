import { availableParallelism } from 'node:os';
import { integer, parseOptions } from '../command/options.ts';
import { problemsOf } from '../contest/conclusions.ts';
import { holdContest } from '../contest/contest.ts';
import { entrantsOf } from '../contest/entrant.ts';
import { CONTEST_OPTIONS, planWith } from '../contest/options.ts';
import { readPlan } from '../contest/plans.ts';
import { prepare } from '../contest/prepare.ts';
import type { Subject } from '../report/document.ts';
import { memory } from '../scenarios/memory.ts';
import type { Progress, Scenario } from '../scenarios/scenario.ts';
import { ANSWERING, ASKED, QUESTIONS, type Question } from './questions.ts';

const OPTIONS = {
  runs: integer(1, 1, 20, 'of each scenario; with several the median counts'),
  seed: integer(1, 1, 2 ** 31 - 1, 'of the order of runs'),
};

/** On one core, otherwise as it comes. */
const HOW = {
  limits: { cpus: 1, memory_bytes: undefined, confine: 'auto', images: new Map() },
  remarks: [],
} as const;

type Row = Readonly<Record<'target' | 'wanted' | 'measured' | 'answer' | 'scenario', string>>;

/** Every figure that is promised of the chat server, and whether this machine shows it. */
export const targetsCommand: Scenario<typeof OPTIONS> = {
  name: 'targets',
  summary: 'every promised figure of the chat server: met, missed, or not measurable here',
  options: OPTIONS,
  async run({ runs, seed }, progress) {
    const [entrant] = entrantsOf([ANSWERING]);
    if (entrant === undefined) throw new Error(`${ANSWERING} is an entrant`);
    await prepare(entrant, progress);
    const rows: Row[] = [];
    const problems: string[] = [];
    const shown = new Map<string, readonly Subject[]>();
    for (const [name, changes] of Object.entries(ASKED)) {
      const given = Object.entries(changes).flatMap(([flag, value]) => [`--${flag}`, value]);
      const plan = planWith(await readPlan(name), parseOptions(CONTEST_OPTIONS, given));
      const contest = { ...HOW, plan, entrants: [entrant], runs, seed };
      const subjects = await holdContest(contest, progress);
      shown.set(name, subjects);
      problems.push(...problemsOf(contest, subjects).map((problem) => `${name}: ${problem}`));
      rows.push(
        ...QUESTIONS.filter(({ plan: of }) => of === name).map((one) => answer(one, subjects)),
      );
    }
    rows.push(
      await ownState(progress),
      ...(await scaling(shown.get('fanout') ?? [], runs, seed, progress)),
    );
    return {
      tables: [rows],
      targets: [],
      problems,
      data: { targets: rows, subjects: Object.fromEntries(shown) },
    };
  },
};

function answer(question: Question, subjects: readonly Subject[]): Row {
  const { target, bound, limit, unit, plan, clients, metric, divisor = 1 } = question;
  const [subject] = subjects;
  const of = subject?.cases.find((one) => clients === undefined || one.clients === clients);
  const figure = of?.summary[metric]?.median;
  const measured = figure === undefined ? undefined : figure / divisor;
  const where = clients === undefined ? plan : `${plan}, ${clients.toLocaleString('en')} clients`;
  return row(target, bound, limit, unit, measured, where);
}

function row(
  target: string,
  bound: Question['bound'],
  limit: number,
  unit: string,
  measured: number | undefined,
  scenario: string,
): Row {
  const wanted = `${bound} ${format(limit)}${unit}`;
  if (measured === undefined) {
    return { target, wanted, measured: '', answer: 'not measured', scenario };
  }
  const isMet = bound === 'at least' ? measured >= limit : measured <= limit;
  const answer = isMet ? 'met' : 'missed';
  return { target, wanted, measured: `${format(measured)}${unit}`, answer, scenario };
}

const format = (value: number): string =>
  value.toLocaleString('en', { maximumFractionDigits: value < 100 ? 2 : 0 });

/** What the server itself keeps for each of 10,000 members, as its heap and its hub say. */
async function ownState(progress: Progress): Promise<Row> {
  const values = parseOptions(memory.options, ['--layouts', 'one_room', '--hub', 'native']);
  const { targets } = await memory.run(values, progress);
  const own = targets.find(({ name }) => name.startsWith('own state'));
  const target = 'own state of a connection';
  return row(target, 'at most', 1, ' KiB', own?.measured, 'memory, 10,000 members');
}

/** Of what one worker sustains, how much each of several does. */
const SCALING_MIN = 0.8;

/** Throughput at 1 to n workers: each needs a core, and the load engine one more. */
async function scaling(
  alone: readonly Subject[],
  runs: number,
  seed: number,
  progress: Progress,
): Promise<Row[]> {
  const cores = availableParallelism() - 1;
  const wanted = `at least ${SCALING_MIN} of linear`;
  const scenario = 'fanout, one room for each worker';
  if (cores < 2) {
    const reason = `not measurable: ${cores + 1} cores, one of them the load engine’s`;
    return [
      { target: 'throughput with 2 workers', wanted, measured: '', answer: reason, scenario },
    ];
  }
  const one = alone[0]?.cases[0]?.summary.sustained_per_s?.median ?? Number.NaN;
  const rows: Row[] = [];
  for (let workers = 2; workers <= cores; workers *= 2) {
    const plan = await readPlan('fanout');
    const entrants = entrantsOf([`${ANSWERING}@${workers}`]);
    const clients = plan.clients.map((count) => count * workers);
    const wide = {
      ...plan,
      clients,
      room_size: plan.clients[0] ?? 0,
      senders: plan.senders * workers,
    };
    const [subject] = await holdContest({ ...HOW, plan: wide, entrants, runs, seed }, progress);
    const all = subject?.cases[0]?.summary.sustained_per_s?.median;
    const share = all === undefined ? undefined : all / (one * workers);
    rows.push(
      row(
        `throughput with ${workers} workers`,
        'at least',
        SCALING_MIN,
        ' of linear',
        share,
        scenario,
      ),
    );
  }
  return rows;
}
