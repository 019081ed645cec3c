import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { discardForeignBuild, missingTools } from '../../scripts/boot/cmake.ts';
import { lastLines, runCommand } from '../../scripts/boot/command.ts';

const ROOT = join(import.meta.dir, '../..');
const FOLDER = join(ROOT, 'build/load');
const STEP_MS_MAX = 300_000;
const LOG_LINES_MAX = 40;

/** What the native load engine would need here; empty when it can be built. Linux alone has epoll. */
export const missingForEngine = (): readonly string[] =>
  process.platform === 'linux' ? missingTools() : ['Linux'];

/**
 * Builds the native load engine, or what has changed of it: a second when there is nothing to do.
 * @returns the path of the program
 * @throws Error with the end of the compiler's log when it cannot be built
 */
export async function buildEngine(): Promise<string> {
  const missing = missingForEngine();
  if (missing.length > 0) throw new Error(`the native load engine needs ${missing.join(' and ')}`);
  mkdirSync(FOLDER, { recursive: true });
  discardForeignBuild(ROOT, FOLDER);
  const jobs = String(navigator.hardwareConcurrency);
  const steps = [
    ['cmake', '-S', ROOT, '-B', FOLDER, '-DCMAKE_BUILD_TYPE=Release'],
    ['cmake', '--build', FOLDER, '--target', 'hubbub_load', '--parallel', jobs],
  ];
  for (const step of steps) {
    const { succeeded, output } = await runCommand(step, { cwd: ROOT, deadline_ms: STEP_MS_MAX });
    if (!succeeded) {
      const log = lastLines(output, LOG_LINES_MAX);
      throw new Error(`the native load engine does not build:\n${log}`);
    }
  }
  return join(FOLDER, 'hubbub_load');
}
