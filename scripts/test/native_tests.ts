import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { discardForeignBuild, missingTools } from '../boot/cmake.ts';
import { type CommandResult, runCommand } from '../boot/command.ts';
import { buildFuzzTargets, canFuzz, fuzz, fuzzTargets } from './fuzzing.ts';
import { parseJunit } from './junit.ts';
import type { Results } from './results.ts';

const jobs = String(navigator.hardwareConcurrency);
const step_deadline_ms = 10 * 60_000;
/** Long enough to see that a target works and finds nothing at once; `bun run fuzz` takes longer. */
const fuzzing_seconds = 8;

/** The C++ tests run once as they are and once under each set of sanitizers. */
const variants = [
  { name: 'plain', sanitizers: '' },
  { name: 'address_undefined', sanitizers: 'address,undefined' },
  { name: 'thread', sanitizers: 'thread' },
] as const;

type Variant = (typeof variants)[number];

/** Builds and runs the C++ tests in every variant this machine can run, and the fuzz targets. */
export async function runNativeTests(root: string): Promise<Results[]> {
  const missing = missingTools();
  if (missing.length > 0) {
    const reason = `needs ${missing.join(' and ')}`;
    return [{ passed: 0, failed: 0, skipped: [{ name: 'native C++ tests', reason }] }];
  }
  const results: Results[] = [];
  for (const variant of variants) results.push(await runVariant(root, variant));
  results.push(await runFuzzTargets(root));
  return results;
}

/** Each target counts as a test. */
async function runFuzzTargets(root: string): Promise<Results> {
  if (!(await canFuzz())) {
    const reason = 'needs clang with libFuzzer (Debian: clang libclang-rt-dev)';
    return { passed: 0, failed: 0, skipped: [{ name: 'fuzz targets', reason }] };
  }
  const built = await buildFuzzTargets(root);
  if (!built.succeeded) {
    console.error(built.output);
    return { passed: 0, failed: 1, skipped: [] };
  }
  const targets = fuzzTargets(root);
  const all = await Promise.all(targets.map((target) => fuzz(root, target, fuzzing_seconds)));
  const found = all.filter(({ executions, finding }) => finding !== undefined || executions === 0);
  for (const { target, finding, output } of found) console.error(`${output}${target}: ${finding}`);
  const counts = all.map(({ target, executions }) => `${target} ${executions}`).join(', ');
  console.error(`fuzz targets: ${counts} executions, ${found.length} failed`);
  return { passed: all.length - found.length, failed: found.length, skipped: [] };
}

async function runVariant(root: string, variant: Variant): Promise<Results> {
  const name = `native C++ tests (${variant.name})`;
  const launcher = await findLauncher(variant.sanitizers);
  if (launcher === undefined) {
    const reason = `needs a compiler whose -fsanitize=${variant.sanitizers} works on this kernel`;
    return { passed: 0, failed: 0, skipped: [{ name, reason }] };
  }
  const folder = join(root, 'build/native_tests', variant.name);
  const report = join(folder, 'junit.xml');
  mkdirSync(folder, { recursive: true });
  discardForeignBuild(root, folder);
  rmSync(report, { force: true });
  const run = await runSteps(root, [
    [
      'cmake',
      ...['-S', root, '-B', folder, '-DCMAKE_BUILD_TYPE=Release'],
      ...[`-DHUBBUB_SANITIZE=${variant.sanitizers}`, '-DHUBBUB_WARNINGS_AS_ERRORS=ON'],
    ],
    ['cmake', '--build', folder, '--parallel', jobs],
    [
      ...launcher,
      'ctest',
      ...['--test-dir', folder, '--output-on-failure', '--no-tests=error', '--parallel', jobs],
      ...['--output-junit', report],
    ],
  ]);
  if (!run.succeeded) console.error(run.output);
  const { passed, failed, skipped } = parseJunit(
    existsSync(report) ? readFileSync(report, 'utf8') : '',
  );
  const results = { passed, failed: failed === 0 && !run.succeeded ? 1 : failed, skipped };
  console.error(`${name}: ${passed} passed, ${results.failed} failed`);
  return results;
}

/** Runs one command after another up to the first that fails, and answers the last one's result. */
async function runSteps(root: string, commands: string[][]): Promise<CommandResult> {
  let result: CommandResult = { succeeded: true, output: '' };
  for (const command of commands) {
    if (!result.succeeded) break;
    result = await runCommand(command, { cwd: root, deadline_ms: step_deadline_ms });
  }
  return result;
}

/**
 * Finds out by trying what to put before a sanitized program so that it runs: nothing, or a switch
 * for address randomisation, which older ThreadSanitizers do not survive where the kernel uses more
 * of it than they know. Undefined when nothing helps.
 */
async function findLauncher(sanitizers: string): Promise<string[] | undefined> {
  if (sanitizers === '') return [];
  const folder = mkdtempSync(join(tmpdir(), 'hubbub-sanitizer-'));
  const options = { cwd: folder, deadline_ms: 60_000 };
  try {
    writeFileSync(join(folder, 'probe.cc'), 'int main() { return 0; }\n');
    const compiler = process.env.CXX ?? 'c++';
    const compile = [compiler, `-fsanitize=${sanitizers}`, 'probe.cc', '-o', 'probe'];
    if (!(await runCommand(compile, options)).succeeded) return undefined;
    const launchers = Bun.which('setarch') === null ? [[]] : [[], ['setarch', '-R']];
    for (const launcher of launchers) {
      if ((await runCommand([...launcher, './probe'], options)).succeeded) return launcher;
    }
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
