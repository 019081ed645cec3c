import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findTestFiles, runBunTests } from './bun_tests.ts';
import { formatSummary, sumResults } from './results.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hubbub-runner-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a file into the folder, with `test` imported when it is TypeScript. */
function write(path: string, body: string): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `import { describe, test } from 'bun:test';\n${body}\n`);
}

async function run(flags: string[] = []) {
  return runBunTests(folder, findTestFiles(folder, []), flags, 'ignore');
}

describe('the test command', () => {
  test('finds tests everywhere but in what is installed or built', () => {
    for (const path of ['a', 'server/log/b', 'build/c', 'node_modules/d', 'client/builder/e']) {
      write(`${path}.test.ts`, '');
    }
    const all = ['./a.test.ts', './client/builder/e.test.ts', './server/log/b.test.ts'];
    expect(findTestFiles(folder, [])).toEqual(all);
    expect(findTestFiles(folder, ['log/', 'builder'])).toEqual(all.slice(1));
    expect(findTestFiles(folder, ['nothing'])).toEqual([]);
  });

  test('counts what passed and failed, and reads why a test was skipped', async () => {
    write(
      'mixed.test.ts',
      `describe('a "group" <of>', () => {
        test('passes & passes', () => {});
        test('fails', () => { throw new Error('<failure'); });
      });
      test.skip('reads "metrics" [needs promtool (Debian: prometheus)]', () => {});
      test.skip('forgotten', () => {});`,
    );
    expect(await run()).toEqual({
      passed: 1,
      failed: 1,
      skipped: [
        { name: 'reads "metrics"', reason: 'needs promtool (Debian: prometheus)' },
        { name: 'forgotten', reason: 'no reason given' },
      ],
    });
  });

  test('counts a file that cannot be loaded as a failure', async () => {
    write('good.test.ts', "test('passes', () => {});");
    write('bad.test.ts', "throw new Error('broken');");
    expect(await run()).toEqual({ passed: 1, failed: 1, skipped: [] });
  });

  test('counts a run that died as failed', async () => {
    write('a.test.ts', "test('passes', () => {});");
    write('b.test.ts', "process.kill(process.pid, 'SIGKILL');");
    expect(await run()).toEqual({ passed: 0, failed: 2, skipped: [] });
  });

  test('does not call tests skipped that a flag deselected', async () => {
    write('a.test.ts', "test('chosen', () => {}); test('other', () => {});");
    expect(await run(['--test-name-pattern=chosen'])).toEqual({
      passed: 1,
      failed: 0,
      skipped: [],
    });
  });

  test('ends with the sums', () => {
    const skipped = [{ name: 'a', reason: 'b' }];
    const parts = [
      { passed: 2, failed: 0, skipped: [] },
      { passed: 1, failed: 3, skipped: [] },
    ];
    expect(formatSummary(sumResults(parts))).toBe('3 passed, 3 failed');
    expect(formatSummary(sumResults([...parts, { passed: 0, failed: 0, skipped }]))).toBe(
      '3 passed, 3 failed, 1 skipped',
    );
  });
});
