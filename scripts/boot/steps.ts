import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { discardForeignBuild, missingTools } from './cmake.ts';
import { lastLines, runCommand } from './command.ts';
import { addonFile } from './project.ts';
import { say, secondsSince } from './report.ts';
import type { AddonState } from './stamp.ts';

const install_deadline_ms = 5 * 60_000;
const build_deadline_ms = 10 * 60_000;
const log_lines_max = 40;
const buildFolder = 'build/addon';

/**
 * Installs exactly what bun.lock says.
 *
 * In a child process: what this process had resolved before would point elsewhere.
 *
 * @throws with the end of the installer's log when it fails.
 */
export async function installDependencies(root: string): Promise<void> {
  const start = performance.now();
  say('installing dependencies …');
  const result = await runCommand([process.execPath, 'install', '--frozen-lockfile'], {
    cwd: root,
    deadline_ms: install_deadline_ms,
  });
  if (!result.succeeded) {
    throw new Error(
      `installing the dependencies failed:\n${lastLines(result.output, log_lines_max)}`,
    );
  }
  say(`dependencies installed in ${secondsSince(start)}`);
}

/** Builds the addon, from scratch when asked or when the old build folder cannot be trusted. */
export async function buildAddon(root: string, fromScratch: boolean): Promise<AddonState> {
  if (missingTools().length > 0) return 'no_toolchain';
  const start = performance.now();
  say('building the native addon …');
  if (fromScratch) rmSync(join(root, buildFolder), { recursive: true, force: true });
  discardForeignBuild(root, join(root, buildFolder));
  const cmakeJs = join(root, 'node_modules/cmake-js/bin/cmake-js');
  const result = await runCommand([process.execPath, cmakeJs, 'build', '--out', buildFolder], {
    cwd: root,
    deadline_ms: build_deadline_ms,
  });
  if (!result.succeeded) {
    say(`the addon does not build:\n${lastLines(result.output, log_lines_max)}`);
    return 'failed';
  }
  say(`native addon built in ${secondsSince(start)}`);
  return 'built';
}

/** Whether the addon's file is there. */
export function addonExists(root: string): boolean {
  return existsSync(join(root, addonFile));
}
