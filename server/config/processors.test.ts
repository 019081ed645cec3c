import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { usableProcessors } from './processors.ts';

const folder = mkdtempSync(join(tmpdir(), 'hubbub-processors-'));
afterAll(() => rmSync(folder, { recursive: true }));
const missing = join(folder, 'missing');

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

const ALL = availableParallelism();

test.each([
  ['max 100000\n', ALL],
  ['100000 100000\n', 1],
  ['50000 100000\n', 1],
  ['150000 100000\n', Math.min(2, ALL)],
  ['100000000 100000\n', ALL],
  ['', ALL],
  ['nonsense', ALL],
])('a container’s share %j', (text, expected) => {
  expect(usableProcessors(file('cpu.max', text), missing)).toBe(expected);
});

test.each([
  ['-1', ALL],
  ['100000', 1],
  ['30000', 1],
])('the older form, a quota of %s µs', (quota, expected) => {
  file('v1_quota_us', quota);
  file('v1_period_us', '100000');
  expect(usableProcessors(missing, join(folder, 'v1_'))).toBe(expected);
});

test('no container: every processor', () => {
  expect(usableProcessors(missing, missing)).toBe(ALL);
});

test('the processors this process is kept to', async () => {
  const program = `import { usableProcessors } from './server/config/processors.ts';
    console.log(usableProcessors('${missing}', '${missing}'));`;
  const child = Bun.spawn(['taskset', '-c', '0', process.execPath, '-e', program], {
    stdout: 'pipe',
    cwd: join(import.meta.dir, '../..'),
  });
  expect((await child.stdout.text()).trim()).toBe('1');
});
