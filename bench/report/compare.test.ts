import { afterAll, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareDocuments, type Verdict } from './compare.ts';
import { compareCommand, formatComparison, isWorse } from './compare_command.ts';
import { type MadeUp, madeUpDocument } from './made_up_document.ts';
import type { MetricName } from './metrics.ts';

const folder = await mkdtemp(join(tmpdir(), 'hubbub-compare-'));
afterAll(() => rm(folder, { recursive: true }));

/** Verdicts on the first subject's figure when all costs change by a factor, of several pairs. */
function verdicts(metric: MetricName, cost: number, given: MadeUp = {}): readonly Verdict[] {
  return Array.from({ length: 20 }, (_, pair) => {
    const before = madeUpDocument({ subjects: 1, seed: 2 * pair, ...given });
    const after = madeUpDocument({ subjects: 1, seed: 2 * pair + 1, ...given, cost });
    const { changes } = compareDocuments(before, after);
    return changes.filter((one) => one.metric === metric).map((one) => one.verdict);
  }).flat();
}

const all = (verdict: Verdict): readonly Verdict[] => Array.from({ length: 20 }, () => verdict);

test('a change of 10 % is told beyond small noise, and not within large noise', () => {
  expect(verdicts('cpu_us_per_delivery', 1.1, { noise: 0.01 })).toEqual(all('worse'));
  expect(verdicts('cpu_us_per_delivery', 0.9, { noise: 0.01 })).toEqual(all('better'));
  const within = verdicts('cpu_us_per_delivery', 1.1, { noise: 0.3 });
  expect(within.filter((verdict) => verdict === 'within noise').length).toBeGreaterThan(16);
});

test('which way is better follows from the figure', () => {
  const given = { kind: 'search', noise: 0.01 } as const;
  expect(verdicts('sustained_per_s', 1.1, given)).toEqual(all('worse'));
  expect(verdicts('sustained_per_s', 0.9, given)).toEqual(all('better'));
});

test('two runs are too few to say anything', () => {
  expect(verdicts('cpu_us_per_delivery', 3, { runs: 2, noise: 0 })).toEqual(all('too few runs'));
});

test('from nothing there is no percentage, and the verdict stands all the same', () => {
  const before = madeUpDocument({ subjects: 1 });
  const after = structuredClone(before);
  for (const run of before.subjects[0]?.cases[0]?.runs ?? []) run.figures.drop_percent = 0;
  const { changes } = compareDocuments(before, after);
  expect(changes.find(({ metric }) => metric === 'drop_percent')).toMatchObject({
    before: 0,
    percent: undefined,
    verdict: 'worse',
  });
});

test('other machines, plans and confinement are warned of, and who is in one result only', () => {
  const before = madeUpDocument({ subjects: 3 });
  const after = madeUpDocument({ subjects: 2 });
  after.machine.cpu = 'another';
  after.machine.load_average = 5;
  after.plan.rate = 21;
  after.confinement.server_cpus = [3];
  after.problems = ['too slow'];
  expect(compareDocuments(before, after).warnings).toEqual([
    'machine differs, cpu: "An imagined processor with 8 cores" before, "another" after',
    'plan differs, rate: 20 before, 21 after',
    'confinement differs, server_cpus: [0] before, [3] after',
    'only before: zig-std',
    `the result of ${after.started_at} is invalid: too slow`,
  ]);
});

test('the command exits with 1 when something is worse, with 0 when not', async () => {
  const path = async (name: string, cost: number): Promise<string> => {
    const file = join(folder, name);
    const document = madeUpDocument({ cost, noise: 0.01, subjects: 2 });
    await Bun.write(file, JSON.stringify(document));
    return file;
  };
  const [quick, slow] = [await path('quick.json', 1), await path('slow.json', 1.2)];
  const script = `
    import { compareCommand } from './bench/report/compare_command.ts';
    await compareCommand.run(process.argv.slice(1));
  `;
  const compare = (...given: readonly string[]) => {
    const { exitCode, stdout } = Bun.spawnSync([process.execPath, '-e', script, ...given], {
      cwd: join(import.meta.dir, '../..'),
    });
    return { exitCode, said: stdout.toString() };
  };
  const worse = compare(quick, slow);
  expect(worse.said).toMatch(/\nworse: go-gorilla, CPU a delivery µs \+\d+\.\d %\n/);
  expect(worse.exitCode).toBe(1);
  expect(compare(slow, quick)).toMatchObject({ exitCode: 0 });
  expect(compare('--all', quick, quick).exitCode).toBe(0);
  expect(compareCommand.run([quick])).rejects.toThrow('takes two result files');
  expect(compareCommand.run([quick, slow, '--best'])).rejects.toThrow('--best');
});

test('figures beside the main ones are shown when they changed, and decide nothing', () => {
  const before = madeUpDocument({ subjects: 1, noise: 0.001 });
  const after = structuredClone(before);
  for (const run of after.subjects[0]?.cases[0]?.runs ?? []) {
    run.figures.server_cpu_peak_percent = 99;
  }
  const comparison = compareDocuments(before, after);
  expect(comparison.changes.filter(isWorse)).toEqual([]);
  const text = formatComparison(comparison, false);
  expect(text).toMatch(/server CPU, busiest second %.*worse/);
  expect(text).not.toContain('server CPU %');
  expect(formatComparison(comparison, true)).toContain('server CPU %');
});
