import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

export const ROOT = normalize(join(import.meta.dir, '../..'));

export interface Import {
  /** Path from the project's root; undefined for a package. */
  readonly file: string | undefined;
  readonly specifier: string;
  readonly isTypeOnly: boolean;
}

/** Every file git would carry: tracked ones and new ones that are not ignored. */
export function listFiles(): readonly string[] {
  const git = Bun.spawnSync(['git', 'ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
  });
  if (git.exitCode !== 0) throw new Error(`git ls-files failed: ${git.stderr.toString()}`);
  const files = git.stdout.toString().split('\n').filter(Boolean);
  return files.filter((file) => Bun.file(join(ROOT, file)).size > 0);
}

export const readSource = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

const STATEMENT = /^(?:import|export)\s+(type\s)?[^;]*?from\s+'([^']+)'|^import\s+'([^']+)'/gm;
const DYNAMIC = /\bimport\('([^']+)'\)/g;
const STARTED = /join\(import\.meta\.dir, '([^']+\.ts)'\)/g;

const WORKER = /new URL\('([^']+\.ts)', import\.meta\.url\)/g;

/** What a TypeScript file starts as a program of its own, a worker for instance. */
export const startsOf = (file: string): readonly string[] =>
  [...readSource(file).matchAll(WORKER)].map((match) =>
    normalize(join(dirname(file), match[1] ?? '')),
  );

/** What a TypeScript file imports, in any form. */
export function importsOf(file: string): readonly Import[] {
  const source = readSource(file);
  const found: Import[] = [];
  const add = (specifier: string, isTypeOnly: boolean): void => {
    const isRelative = specifier.startsWith('.');
    const path = isRelative ? normalize(join(dirname(file), specifier)) : undefined;
    found.push({ specifier, isTypeOnly, file: path });
  };
  for (const match of source.matchAll(STATEMENT)) {
    add(match[2] ?? match[3] ?? '', match[1] !== undefined);
  }
  for (const match of source.matchAll(DYNAMIC)) add(match[1] ?? '', false);
  for (const match of source.matchAll(STARTED)) add(`./${match[1]}`, false);
  return found;
}
