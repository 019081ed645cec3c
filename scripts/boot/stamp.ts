import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** How the last build of the addon ended. */
export type AddonState = 'built' | 'failed' | 'no_toolchain';

/** What a folder would have to be prepared from: a hash for each of the two steps. */
export interface Fingerprint {
  dependencies: string;
  native: string;
}

/** What a folder was last prepared from, and how that went. */
export interface Stamp extends Fingerprint {
  addon: AddonState;
}

/** The stamp lies in node_modules, so that removing that folder means starting afresh. */
const stampFile = 'node_modules/.hubbub-boot.json';

/** Hashes what the installed dependencies and the built addon depend on. */
export function fingerprint(root: string): Fingerprint {
  const dependencies = hash(root, [Bun.version], ['package.json', 'bun.lock', 'bunfig.toml']);
  const platform = [dependencies, root, process.platform, process.arch];
  return { dependencies, native: hash(root, platform, ['CMakeLists.txt', ...addonSources(root)]) };
}

/** Reads the stamp; undefined when there is none, or none that can be understood. */
export function readStamp(root: string): Stamp | undefined {
  let text: string;
  try {
    text = readFileSync(join(root, stampFile), 'utf8');
  } catch {
    return undefined;
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Writes the stamp in one step: a reader sees the old one or the new one, never half of it. */
export function writeStamp(root: string, stamp: Stamp): void {
  const file = join(root, stampFile);
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(stamp, null, 2)}\n`);
  renameSync(temporary, file);
}

/** Removes the stamp. Done before anything changes, so that a start cut short counts as none. */
export function removeStamp(root: string): void {
  rmSync(join(root, stampFile), { force: true });
}

function addonSources(root: string): string[] {
  const sources = new Bun.Glob('native/**/*.{cc,h}').scanSync({ cwd: root });
  return [...sources].filter((path) => !path.startsWith('native/tests/')).sort();
}

function hash(root: string, values: readonly string[], files: readonly string[]): string {
  const hasher = new Bun.CryptoHasher('sha256');
  for (const value of values) hasher.update(`${value}\0`);
  for (const file of files) {
    hasher
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  }
  return hasher.digest('hex');
}
