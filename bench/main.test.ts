import { expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './process/deadline.ts';

const ROOT = new URL('..', import.meta.url).pathname;

const spawnBench = (...given: readonly string[]) =>
  Bun.spawn([process.execPath, 'bench/main.ts', ...given], {
    cwd: ROOT,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });

/** Short and light: what is tested is the measurer, not the machine. */
const LIGHT = ['--deliveries', '2000', '--members', '10', '--start-ms', '500', '--warmup-ms', '0'];

const ATTEMPTS_MAX = 4;
const TEST_DEADLINE_MS = 120_000;

/** On a machine that is busy with other things a run does not count, and says so with its exit status. */
async function smokeThatCounts(
  ...given: readonly string[]
): Promise<{ readonly table: string; readonly progress: string }> {
  for (let attempt = 1; ; attempt += 1) {
    const bench = spawnBench('smoke', ...LIGHT, ...given);
    const [table, progress] = await Promise.all([bench.stdout.text(), bench.stderr.text()]);
    const status = await bench.exited;
    if (status === 0) return { table, progress };
    expect({ status, table }).toMatchObject({
      status: 1,
      table: expect.stringContaining('INVALID'),
    });
    if (attempt === ATTEMPTS_MAX) throw new Error(`no run counts:\n${table}`);
  }
}

async function compareAndWriteDown(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'hubbub-bench-'));
  try {
    const brief = ['--pairs', '1', '--duration-ms', '500'];
    const { table, progress } = await smokeThatCounts(...brief, '--out', folder);
    for (const hub of ['script', 'native']) {
      expect(table).toContain(`hubbub ${hub} ndjson ÷ bun-bare joined`);
      expect(table).toContain(`hubbub ${hub} json ÷ bun-bare window`);
    }
    const file = readdirSync(folder).toSorted().at(-1) ?? '';
    expect(progress).toContain(file);
    const result = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    expect(result).toMatchObject({
      scenario: 'smoke',
      options: { pairs: 1, members: 10, encodings: ['ndjson', 'json'], hubs: ['script', 'native'] },
      machine: { bun: Bun.version },
      problems: [],
    });
    expect(result.targets.map(({ limit }: { limit: number }) => limit)).toEqual([
      ...[1.25, 1.1, 1.1],
      ...[50, 50, 50, 50],
    ]);
    for (const { rounds, ratios, entries } of result.comparisons) {
      expect(entries).toMatchObject([
        { hub: 'script', workers: 1, members_by_worker: [10] },
        { hub: 'native', workers: 1, members_by_worker: [10] },
      ]);
      expect(ratios).toHaveLength(2);
      const [[bare, ...hubs]] = rounds;
      for (const run of hubs) {
        expect(run.report).toMatchObject({ lost: 0, orders: 1, gaps: 0, sent: 100 });
        const { bytes_per_delivery } = run.figures;
        expect(Math.abs(bare.figures.bytes_per_delivery - bytes_per_delivery)).toBeLessThan(2);
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('smoke compares, and writes down what it prints', compareAndWriteDown, TEST_DEADLINE_MS);

test.each([
  [['nothing'], 'There is no scenario "nothing": quick, smoke,'],
  [['smoke', '--pairs', '0'], '--pairs takes a whole number from 1 to 1000.'],
  [['smoke', '--members', '5', '--senders', '6'], '--senders (6) are members: at most 5.'],
  [['smoke', '--hubs', 'script', '--workers', '2'], 'The script hub serves with one worker: '],
  [['--pairs', '1'], "Unknown option '--pairs'"],
])('%p is refused in one sentence', async (given, sentence) => {
  const bench = spawnBench(...given);
  const said = await bench.stderr.text();
  expect(said).toStartWith(`bench: ${sentence}`);
  expect(said.trimEnd()).not.toContain('\n');
  expect(await bench.exited).toBe(2);
});

test('--help names every scenario and option', async () => {
  const bench = spawnBench('--help');
  const help = await bench.stdout.text();
  expect(await bench.exited).toBe(0);
  for (const word of [
    'quick:',
    'smoke:',
    'memory:',
    'recovery:',
    'fanout',
    '--payload',
    '--flush-interval-ms',
    '--out',
  ]) {
    expect(help).toContain(word);
  }
});

test('whoever ends the benchmark ends the servers it has started', async () => {
  const bench = spawnBench('smoke', ...LIGHT);
  const children = (): string[] =>
    readFileSync(`/proc/${bench.pid}/task/${bench.pid}/children`, 'utf8').trim().split(' ');
  await until(20_000, () => children().length >= 2, 'a server and a load client');
  const started = children();
  bench.kill('SIGTERM');
  expect(await bench.exited).toBe(1);
  const isRunning = (pid: string): boolean => {
    try {
      return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    } catch {
      return false;
    }
  };
  await until(5_000, () => !started.some(isRunning), 'its processes to end');
});
