import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { discardForeignBuild, missingTools } from '../../scripts/boot/cmake.ts';
import { lastLines, runCommand } from '../../scripts/boot/command.ts';
import { withLock } from '../../scripts/boot/lock.ts';
import { UsageError } from '../command/options.ts';

const ROOT = join(import.meta.dir, '../..');
const FOLDER = join(ROOT, 'build/load');
const STEP_MS_MAX = 300_000;
const LOG_LINES_MAX = 40;

type Program = 'hubbub_load' | 'hubbub_load_sink';

/** What the native load engine would need here; empty when it can be built. Linux alone has epoll. */
export const missingForEngine = (): readonly string[] =>
  process.platform === 'linux' ? missingTools() : ['Linux'];

const built = new Map<Program, Promise<string>>();

/**
 * Builds the native load engine, or what has changed of it, once for this process.
 * @returns the path of the program
 * @throws UsageError when something is missing, or with the end of the compiler's log
 */
export const buildEngine = (): Promise<string> => buildOnce('hubbub_load');

/** Builds the server that does as little as one can, which the engine is calibrated against. */
export const buildSink = (): Promise<string> => buildOnce('hubbub_load_sink');

function buildOnce(program: Program): Promise<string> {
  const running = built.get(program) ?? build(program);
  built.set(program, running);
  return running;
}

async function build(program: Program): Promise<string> {
  const missing = missingForEngine();
  if (missing.length > 0) throw new UsageError(`${program} needs ${missing.join(' and ')}`);
  mkdirSync(FOLDER, { recursive: true });
  const lock = { deadline_ms: STEP_MS_MAX, onWait: () => undefined };
  await withLock(`${FOLDER}.lock`, lock, () => compile(program));
  return join(FOLDER, program);
}

async function compile(program: Program): Promise<void> {
  discardForeignBuild(ROOT, FOLDER);
  const jobs = String(navigator.hardwareConcurrency);
  const steps = [
    ['cmake', '-S', ROOT, '-B', FOLDER, '-DCMAKE_BUILD_TYPE=Release'],
    ['cmake', '--build', FOLDER, '--target', program, '--parallel', jobs],
  ];
  for (const step of steps) {
    const { succeeded, output } = await runCommand(step, { cwd: ROOT, deadline_ms: STEP_MS_MAX });
    if (succeeded) continue;
    throw new UsageError(`${program} does not build:\n${lastLines(output, LOG_LINES_MAX)}`);
  }
}
