/**
 * Tests that need something outside the project, a program or a Python module, say so here:
 *
 *   requires('promtool')('metrics are well formed', async () => {
 *     const promtool = pathOf('promtool');
 *     …
 *   });
 *
 * What there is to need, how it is found and which Debian packages bring it stands in needs.json.
 */
import { test } from 'bun:test';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import needs from './needs.json';

/** Something outside the project that a test cannot do without. */
export type Need = keyof typeof needs;

interface NeedDescription {
  /** Programs of which the first one found will do: names on PATH, or absolute paths. */
  commands?: string[];
  /** A Python module the program has to be able to import. */
  module?: string;
  /** A file of the project that a build puts there. */
  file?: string;
  /** The Debian packages that bring it. */
  packages: string[];
}

type TestBody = (() => void) | (() => Promise<unknown>);

/** Declares a test; the timeout is in milliseconds. */
export type DeclareTest = (name: string, body: TestBody, timeout_ms?: number) => void;

const root = join(import.meta.dir, '../..');
const found = new Map<Need, string | undefined>();

/**
 * Returns `test` when all needs are met. Otherwise the test is skipped and its name says why, where
 * the test command reads it; with HUBBUB_TEST_NO_SKIP=1 that command counts a skip as a failure.
 */
export function requires(...names: Need[]): DeclareTest {
  const missing = names.filter((name) => find(name) === undefined);
  if (missing.length === 0) return test;
  const reason = `needs ${missing.map(describeNeed).join(' and ')}`;
  return (name, body) => test.skip(`${name} [${reason}]`, body);
}

/**
 * Where a need is met: the program's path, or the path of the Python that has the module.
 *
 * @throws when it is missing; a test that called `requires` first never sees that.
 */
export function pathOf(name: Need): string {
  const path = find(name);
  if (path === undefined) throw new Error(`${describeNeed(name)} is missing`);
  return path;
}

function find(name: Need): string | undefined {
  if (!found.has(name)) found.set(name, search(needs[name]));
  return found.get(name);
}

function search({ file, commands, module }: NeedDescription): string | undefined {
  if (file !== undefined) {
    const path = join(root, file);
    return existsSync(path) ? path : undefined;
  }
  for (const command of commands ?? []) {
    const path = Bun.which(command);
    if (path !== null && (module === undefined || canImport(path, module))) return path;
  }
  return undefined;
}

function canImport(python: string, module: string): boolean {
  return Bun.spawnSync([python, '-c', `import ${module}`], { timeout: 20_000 }).exitCode === 0;
}

function describeNeed(name: Need): string {
  const { packages } = needs[name];
  return packages.length === 0 ? name : `${name} (Debian: ${packages.join(' ')})`;
}
