import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adopt } from '../process/children.ts';
import { within } from '../process/deadline.ts';
import { pinTo } from '../process/pin.ts';

export const SCRIPTS = ['steady', 'burst', 'churn'] as const;
export type Script = (typeof SCRIPTS)[number];

export interface ScriptRun {
  readonly script: Script;
  /** The chat path of the server. */
  readonly url: string;
  /** How the server is spoken to. */
  readonly dialect: 'peer' | 'hubbub';
  /** Other settings of the scripts, such as CLIENTS; what is left out stays as the script has it. */
  readonly settings: Readonly<Record<string, number>>;
  /** The core of k6. */
  readonly cpu: number;
  /** In which it has to be over. */
  readonly deadline_ms: number;
}

/** Times in milliseconds. */
export interface Trend {
  readonly avg: number;
  readonly med: number;
  readonly max: number;
  readonly 'p(95)': number;
  readonly 'p(99)': number;
}

/** What k6 says of a run in the end. A metric that never had a value is missing. */
export interface ScriptSummary {
  readonly latency: Trend | undefined;
  readonly recovery: Trend | undefined;
  readonly counts: Readonly<Record<CountName, number>>;
  /** Of the attempts to connect and join, from 0 to 1. */
  readonly connected: number;
  /** Thresholds that were crossed, such as `messages_lost count==0`. */
  readonly crossed: readonly string[];
}

const COUNTS = ['sent', 'received', 'lost', 'doubled', 'refused', 'unsent'] as const;
type CountName = (typeof COUNTS)[number] | 'reconnects';

interface Metric {
  readonly count?: number;
  readonly value?: number;
  /** Whether each was crossed. */
  readonly thresholds?: Readonly<Record<string, boolean>>;
}

type Metrics = Readonly<Record<string, (Metric & Trend) | undefined>>;

/** Exit status of k6 when a threshold was crossed: the run itself is sound. */
const CROSSED = 99;
const TAIL_CHARACTERS = 2_000;

/**
 * Runs one of the scripts against a running server.
 * @throws Error with what k6 said when it could not run the script, or takes too long
 */
export async function runScript(k6: string, run: ScriptRun): Promise<ScriptSummary> {
  const folder = mkdtempSync(join(tmpdir(), 'hubbub-k6-'));
  try {
    const file = join(folder, 'summary.json');
    const status = await execute(k6, run, file);
    if (status !== 0 && status !== CROSSED) throw new Error(`k6 ended with status ${status}`);
    const { metrics } = (await Bun.file(file).json()) as { readonly metrics: Metrics };
    return summaryOf(metrics);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function execute(k6: string, run: ScriptRun, file: string): Promise<number> {
  const settings = { ...run.settings, URL: run.url, DIALECT: run.dialect };
  const environment = Object.entries(settings).flatMap(([name, value]) => [
    '-e',
    `${name}=${value}`,
  ]);
  const child = Bun.spawn(
    [
      ...[...pinTo([run.cpu]), k6, 'run', '--quiet', '--no-color', '--no-usage-report'],
      ...['--summary-mode', 'compact', '--summary-export', file, ...environment],
      join(import.meta.dir, `${run.script}.js`),
    ],
    { stdin: 'ignore', stdout: 'ignore', stderr: 'pipe' },
  );
  adopt(child);
  const ended = Promise.all([child.exited, child.stderr.text()]);
  const [status, said] = await within(run.deadline_ms, ended, `k6 ${run.script}`).finally(() =>
    child.kill('SIGKILL'),
  );
  if (status === 0 || status === CROSSED) return status;
  throw new Error(`k6 ${run.script} failed:\n${said.slice(-TAIL_CHARACTERS).trim()}`);
}

function summaryOf(metrics: Metrics): ScriptSummary {
  const count = (name: string): number => metrics[name]?.count ?? 0;
  const counts = Object.fromEntries(COUNTS.map((name) => [name, count(`messages_${name}`)]));
  const crossed = Object.entries(metrics).flatMap(([name, metric]) =>
    Object.entries(metric?.thresholds ?? {}).flatMap(([threshold, isCrossed]) =>
      isCrossed ? [`${name} ${threshold}`] : [],
    ),
  );
  return {
    latency: trendOf(metrics, 'chat_latency'),
    recovery: trendOf(metrics, 'recovery'),
    counts: { ...counts, reconnects: count('reconnects') } as ScriptSummary['counts'],
    connected: metrics.connects?.value ?? 0,
    crossed,
  };
}

/** A trend with a threshold is there even when it never had a value. */
const trendOf = (metrics: Metrics, name: string): Trend | undefined =>
  (metrics[name]?.max ?? 0) > 0 ? metrics[name] : undefined;
