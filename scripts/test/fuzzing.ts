import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { discardForeignBuild } from '../boot/cmake.ts';
import { type CommandResult, runCommand } from '../boot/command.ts';

const build_deadline_ms = 10 * 60_000;
const input_bytes_max = 4_096;
/** By the clock, so on a busy machine an input may take long without being to blame. */
const input_seconds_max = 120;

/** What came of one target: a finding is a file with the input that brought it about. */
export interface Fuzzed {
  target: string;
  executions: number;
  finding: string | undefined;
  output: string;
}

/** The fuzz targets: every `native/fuzz/<target>_fuzz.cc`. */
export function fuzzTargets(root: string): string[] {
  const ending = '_fuzz.cc';
  return readdirSync(join(root, 'native/fuzz'))
    .filter((file) => file.endsWith(ending))
    .map((file) => file.slice(0, -ending.length))
    .sort();
}

/** Whether there is a clang here that can link libFuzzer. */
export async function canFuzz(): Promise<boolean> {
  if (Bun.which('clang++') === null) return false;
  const folder = mkdtempSync(join(tmpdir(), 'hubbub-fuzzer-'));
  try {
    const source = '#include <cstddef>\n#include <cstdint>\n';
    const entry = 'extern "C" int LLVMFuzzerTestOneInput(const uint8_t*, size_t) { return 0; }\n';
    writeFileSync(join(folder, 'probe.cc'), source + entry);
    const compile = ['clang++', '-fsanitize=fuzzer,address,undefined', 'probe.cc', '-o', 'probe'];
    const options = { cwd: folder, deadline_ms: 60_000 };
    return (
      (await runCommand(compile, options)).succeeded &&
      (await runCommand(['./probe', '-runs=1'], options)).succeeded
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Builds every target with libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer. */
export async function buildFuzzTargets(root: string): Promise<CommandResult> {
  const folder = buildFolder(root);
  mkdirSync(folder, { recursive: true });
  discardForeignBuild(root, folder);
  const configure = [
    'cmake',
    ...['-S', root, '-B', folder, '-DCMAKE_BUILD_TYPE=Release', '-DCMAKE_CXX_COMPILER=clang++'],
    ...['-DHUBBUB_FUZZ=ON', '-DHUBBUB_SANITIZE=address,undefined'],
    '-DHUBBUB_WARNINGS_AS_ERRORS=ON',
  ];
  const options = { cwd: root, deadline_ms: build_deadline_ms };
  const configured = await runCommand(configure, options);
  if (!configured.succeeded) return configured;
  const jobs = String(navigator.hardwareConcurrency);
  const build = ['cmake', '--build', folder, '--target', 'fuzz_targets', '--parallel', jobs];
  return await runCommand(build, options);
}

/**
 * Runs a target for so many seconds, at the lowest priority. Inputs that reach something new are
 * kept in the build folder, so that the next run begins where this one stopped.
 */
export async function fuzz(root: string, target: string, seconds: number): Promise<Fuzzed> {
  const folder = buildFolder(root);
  const corpus = join(folder, 'corpus', target);
  const findings = join(folder, 'findings', target);
  mkdirSync(corpus, { recursive: true });
  rmSync(findings, { recursive: true, force: true });
  mkdirSync(findings, { recursive: true });
  const command = [
    ...['nice', '-n', '19', join(folder, `${target}_fuzz`), corpus],
    ...[`-max_total_time=${seconds}`, `-max_len=${input_bytes_max}`, '-print_final_stats=1'],
    ...[`-timeout=${input_seconds_max}`, `-artifact_prefix=${findings}/`],
  ];
  // Starting with a large corpus takes its own time.
  const deadline_ms = seconds * 2_000 + 5 * 60_000;
  const { succeeded, output } = await runCommand(command, { cwd: folder, deadline_ms });
  const [input] = readdirSync(findings);
  const finding = input === undefined ? undefined : join(findings, input);
  const executions = Number(/number_of_executed_units: (\d+)/.exec(output)?.[1] ?? 0);
  return { target, executions, finding: succeeded ? undefined : (finding ?? 'no input'), output };
}

function buildFolder(root: string): string {
  return join(root, 'build/fuzz');
}
