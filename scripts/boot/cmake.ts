import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Names the build tools that are missing; empty when C++ can be built here. */
export function missingTools(): string[] {
  const alternatives = [['cmake'], ['g++', 'clang++'], ['ninja', 'make']];
  return alternatives
    .filter((names) => names.every((name) => Bun.which(name) === null))
    .map((names) => names.join(' or '));
}

/**
 * Removes a build folder that was configured for a source tree at another path, as happens when
 * the tree is copied or moved: CMake would refuse it.
 */
export function discardForeignBuild(root: string, folder: string): void {
  const cache = join(folder, 'CMakeCache.txt');
  if (!existsSync(cache)) return;
  if (readFileSync(cache, 'utf8').includes(`CMAKE_HOME_DIRECTORY:INTERNAL=${root}\n`)) return;
  rmSync(folder, { recursive: true, force: true });
}
