import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseJunit } from './junit.ts';
import type { Results } from './results.ts';

const run_deadline_ms = 25 * 60_000;
/** Tests start real servers and processes; on a busy machine Bun's 5 s are too close to a good run. */
const test_timeout_ms = 30_000;

/** The project's test files, as `./path`, whose path contains one of the filters if there are any. */
export function findTestFiles(root: string, filters: readonly string[]): string[] {
  return [...new Bun.Glob('**/*.test.ts').scanSync({ cwd: root })]
    .filter((path) => !/(^|\/)(node_modules|build)\//.test(path))
    .filter((path) => filters.length === 0 || filters.some((filter) => path.includes(filter)))
    .sort()
    .map((path) => `./${path}`);
}

/** Runs test files with `bun test` and its flags, showing its output as it comes unless told not to. */
export async function runBunTests(
  root: string,
  files: readonly string[],
  flags: readonly string[],
  output: 'inherit' | 'ignore' = 'inherit',
): Promise<Results> {
  const folder = mkdtempSync(join(tmpdir(), 'hubbub-test-'));
  const reportFile = join(folder, 'junit.xml');
  try {
    const child = Bun.spawn(
      [
        process.execPath,
        'test',
        `--timeout=${test_timeout_ms}`,
        '--reporter=junit',
        `--reporter-outfile=${reportFile}`,
        ...flags,
        ...files,
      ],
      { cwd: root, stdio: ['ignore', output, output], timeout: run_deadline_ms },
    );
    const code = await child.exited;
    const report = parseJunit(existsSync(reportFile) ? readFileSync(reportFile, 'utf8') : '');
    // Flags may deselect tests, which Bun reports as skipped, and whole files.
    const selects = flags.length > 0;
    const lost = selects ? [] : files.filter((file) => !report.files.has(file.slice(2)));
    if (output === 'inherit')
      for (const file of lost) console.error(`(fail) ${file} has no result`);
    // A file the report does not know could not be loaded, or took the whole run down with it.
    const failed = report.failed + lost.length;
    return {
      passed: report.passed,
      failed: failed === 0 && code !== 0 ? 1 : failed,
      skipped: selects ? [] : report.skipped,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
