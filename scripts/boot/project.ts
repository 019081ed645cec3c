import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The folder that holds package.json. */
export const root = resolve(import.meta.dir, '../..');

/** Where the addon's build puts its result, seen from the root. */
export const addonFile = 'build/addon/Release/hubbub.node';

/** The Bun version the project is pinned to: `packageManager` in package.json, and nowhere else. */
export function pinnedBunVersion(projectRoot: string): string {
  const { packageManager } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
  const version = /^bun@(\d+\.\d+\.\d+)$/.exec(packageManager)?.[1];
  if (version === undefined) throw new Error('package.json: packageManager is not "bun@<version>"');
  return version;
}
