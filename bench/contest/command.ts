import { parseOptions, UsageError } from '../command/options.ts';
import { type ImageSource, imagesFor } from '../process/confine/images.ts';
import type { ResultDocument } from '../report/document.ts';
import { describeMachine } from '../report/machine.ts';
import { type Saved, saveDocument } from '../report/save.ts';
import { formatDocument } from '../report/terminal.ts';
import { drawSeed } from '../scenarios/order.ts';
import type { Progress } from '../scenarios/scenario.ts';
import { duration, runSeconds } from './clock.ts';
import { confinementOf, problemsOf } from './conclusions.ts';
import { type ContestPlan, holdContest } from './contest.ts';
import { defaultEntrants, type Entrant, entrantsOf, sourceName } from './entrant.ts';
import { CONTEST_OPTIONS, type ContestValues, memoryBytes, planWith } from './options.ts';
import { type Plan, rungsOf } from './plan.ts';
import { readPlan } from './plans.ts';
import { prepare } from './prepare.ts';

/** What `bun run bench <scenario…>` shows and leaves behind. */
export interface ContestResult {
  readonly document: ResultDocument;
  /** For people. */
  readonly text: string;
  readonly files: Saved;
}

/**
 * Holds one scenario after the other.
 * @param words names of scenarios or paths of scenario files
 * @throws UsageError when what is asked for is not possible
 */
export async function* contests(
  words: readonly string[],
  given: readonly string[],
  progress: Progress,
): AsyncGenerator<ContestResult> {
  const values = parseOptions(CONTEST_OPTIONS, given);
  const plans: Plan[] = [];
  for (const word of words) plans.push(planWith(await readPlan(word), values));
  const memory_bytes = memoryBytes(values.memory);
  const ready = await readyEntrants(values, progress);
  const seed = values.seed === 0 ? drawSeed() : values.seed;
  for (const plan of plans) {
    const { entrants, absent } = thoseFor(plan, ready);
    const { images, remarks } = await imagesFor(sourcesOf(entrants), values.confine, progress);
    const { cpus, confine } = values;
    const limits = { cpus, memory_bytes, confine, images };
    const contest = { plan, entrants, limits, runs: values.runs, seed, remarks };
    progress(announcement(contest));
    const document = await documentOf(contest, absent, values, asked(words, given), progress);
    const files = await saveDocument(values.out, document);
    yield { document, text: formatDocument(document), files };
  }
}

/** The command again, for whoever wants to repeat it: where the result went is nobody's business. */
function asked(words: readonly string[], given: readonly string[]): string[] {
  const isFolder = (word: string | undefined): boolean => word === '--out';
  const kept = given.filter(
    (word, at) => !isFolder(word) && !isFolder(given[at - 1]) && !word.startsWith('--out='),
  );
  return [...words, ...kept];
}

/** What images are made of, each once. */
function sourcesOf(entrants: readonly Entrant[]): ImageSource[] {
  const folders = entrants.flatMap((entrant) => {
    if (entrant.is === 'url') return [];
    const folder = entrant.is === 'peer' ? entrant.peer.folder : '';
    return [[sourceName(entrant), folder] as const];
  });
  return [...new Map(folders)].map(([name, folder]) => ({ name, folder }));
}

interface Ready {
  readonly entrants: readonly Entrant[];
  readonly absent: ResultDocument['absent'];
}

/** Those who were asked for have to be ready; of all there are, those who can be. */
async function readyEntrants(values: ContestValues, progress: Progress): Promise<Ready> {
  const { url, peers } = values;
  if (url !== '') return { entrants: [urlEntrant(values)], absent: [] };
  const isNamed = peers !== '';
  const asked = isNamed ? entrantsOf(peers.split(',')) : defaultEntrants(values.profile);
  const entrants: Entrant[] = [];
  const absent: ResultDocument['absent'] = [];
  for (const entrant of asked) {
    try {
      await prepare(entrant, progress);
      entrants.push(entrant);
    } catch (error) {
      if (isNamed || !(error instanceof UsageError)) throw error;
      progress(`left out: ${error.message}`);
      const reason = error.message.replace(`${sourceName(entrant)}: `, '');
      absent.push({ name: entrant.name, reason });
    }
  }
  return { entrants, absent };
}

function urlEntrant({ url, encoding, subprotocol }: ContestValues): Entrant {
  const { protocol } = URL.canParse(url) ? new URL(url) : { protocol: '' };
  if (protocol !== 'ws:') {
    throw new UsageError('--url takes the address of a running server: ws://<host>:<port>/ws.');
  }
  const entrant = { is: 'url', name: 'url', url: new URL(url), encoding } as const;
  return subprotocol === '' ? entrant : { ...entrant, subprotocol };
}

/** Who can take part: echoes need the contract's echo path. */
function thoseFor({ kind }: Plan, { entrants, absent }: Ready): Ready {
  if (kind !== 'echo') return { entrants, absent };
  const echoes = (entrant: Entrant): boolean =>
    entrant.is === 'url' ||
    (entrant.is === 'peer' &&
      (entrant.peer.encoding ?? 'json') === 'json' &&
      entrant.mode === 'frame');
  const without = entrants.filter((entrant) => !echoes(entrant));
  const reason = 'has no echo path of its own, or the same one as another';
  return {
    entrants: entrants.filter(echoes),
    absent: [...absent, ...without.map(({ name }) => ({ name, reason }))],
  };
}

function announcement({ plan, entrants, runs, seed }: ContestPlan): string {
  const count = rungsOf(plan).length * runs * entrants.length;
  const time = duration(count * runSeconds(plan));
  return `${plan.name}: ${entrants.length} servers, ${count} runs, about ${time}, seed ${seed}`;
}

async function documentOf(
  contest: ContestPlan,
  absent: ResultDocument['absent'],
  { baseline }: ContestValues,
  words: readonly string[],
  progress: Progress,
): Promise<ResultDocument> {
  const { plan, entrants, seed } = contest;
  const against = baseline === '' ? entrants[0]?.name : baseline;
  if (against === undefined || !entrants.some(({ name }) => name === against)) {
    throw new UsageError(`--baseline takes one of ${entrants.map(({ name }) => name).join(', ')}.`);
  }
  const started_at = new Date().toISOString();
  const machine = describeMachine();
  const confinement = await confinementOf(contest);
  const subjects = await holdContest(contest, progress);
  return {
    format: 'hubbub-bench',
    version: 1,
    plan,
    started_at,
    ended_at: new Date().toISOString(),
    seed,
    command: [...words],
    machine,
    confinement,
    baseline: against,
    subjects,
    absent,
    problems: problemsOf(contest, subjects),
  };
}
