/**
 * The one test command: every `*.test.ts` of the tree, then the C++ tests, plain and sanitized.
 *
 *   bun scripts/test.ts [filter …] [flag …]
 *     filter  run only the test files whose path contains it ("native" also stands for the C++ tests)
 *     flag    from the first argument that starts with "-" on, all is handed to `bun test`
 *
 * Tests that lack something on this machine are listed with the reason; HUBBUB_TEST_NO_SKIP=1 makes
 * them failures. The last line is `N passed, N failed`, and the exit code says the same.
 */
import { root } from './boot/project.ts';
import { findTestFiles, runBunTests } from './test/bun_tests.ts';
import { runNativeTests } from './test/native_tests.ts';
import { formatSummary, type Results, sumResults } from './test/results.ts';

const given = process.argv.slice(2);
const firstFlag = given.findIndex((argument) => argument.startsWith('-'));
const filters = firstFlag === -1 ? given : given.slice(0, firstFlag);
const flags = firstFlag === -1 ? [] : given.slice(firstFlag);

const files = findTestFiles(root, filters);
const withNative = flags.length === 0 && (filters.length === 0 || filters.includes('native'));
if (files.length === 0 && !withNative) {
  console.error(`no test file's path contains ${filters.join(' or ')}`);
  process.exit(1);
}

const parts: Results[] = [];
if (files.length > 0) parts.push(await runBunTests(root, files, flags));
if (withNative) parts.push(...(await runNativeTests(root)));

const { passed, failed, skipped } = sumResults(parts);
const mustNotSkip = process.env.HUBBUB_TEST_NO_SKIP === '1';
for (const { name, reason } of skipped) {
  console.log(`${mustNotSkip ? 'failed, must not be skipped' : 'skipped'}: ${name} (${reason})`);
}
const results: Results = mustNotSkip
  ? { passed, failed: failed + skipped.length, skipped: [] }
  : { passed, failed, skipped };
console.log(formatSummary(results));
process.exitCode = results.failed === 0 ? 0 : 1;
