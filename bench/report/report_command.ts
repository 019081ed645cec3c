import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { UsageError } from '../command/options.ts';
import { type ReportCommand, readArguments } from './command.ts';
import type { ResultDocument } from './document.ts';
import { readDocument } from './read.ts';
import { writeTables } from './report.ts';
import { PUBLISHED } from './save.ts';

const ROOT = join(import.meta.dir, '../..');
const STALE = 1;

/** Every result in `folder`; none when there is no such folder. */
export async function readDocuments(folder: string): Promise<readonly ResultDocument[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const files = names.filter((name) => name.endsWith('.json')).toSorted();
  return Promise.all(files.map((name) => readDocument(join(folder, name))));
}

/** Documents that may have tables: the README and all pages beside it. */
async function pages(): Promise<readonly string[]> {
  const docs = await readdir(join(ROOT, 'docs'));
  const beside = docs.filter((name) => name.endsWith('.md')).toSorted();
  return ['README.md', ...beside.map((name) => join('docs', name))].map((name) => join(ROOT, name));
}

/**
 * Writes the marked tables of each page from the results in `folder`.
 * @param check write nothing
 * @returns the pages whose tables were not what the results say
 */
export async function writePages(
  folder: string,
  paths: readonly string[],
  check: boolean,
): Promise<readonly string[]> {
  const documents = await readDocuments(folder);
  const stale: string[] = [];
  for (const path of paths) {
    const file = Bun.file(path);
    if (!(await file.exists())) throw new UsageError(`There is no file ${path}.`);
    const text = await file.text();
    const written = writeTables(text, documents);
    if (written === text) continue;
    stale.push(path);
    if (!check) await Bun.write(path, written);
  }
  return stale;
}

export const reportCommand: ReportCommand = {
  name: 'report',
  help:
    '  report: writes the tables between markers <!-- bench:NAME --> from stored results\n' +
    `    --from <folder>        where results are (${PUBLISHED})\n` +
    '    --into <file>          a page with markers, as often as wanted (README.md and docs/*.md)\n' +
    '    --check                writes nothing; exit status 1 when a table is not what results say\n',
  async run(given) {
    const { values } = readArguments(() =>
      parseArgs({
        args: [...given],
        options: {
          from: { type: 'string', default: join(ROOT, PUBLISHED) },
          into: { type: 'string', multiple: true },
          check: { type: 'boolean', default: false },
        },
      }),
    );
    const stale = await writePages(values.from, values.into ?? (await pages()), values.check);
    for (const path of stale) {
      process.stdout.write(`${path}: ${values.check ? 'tables differ from results' : 'written'}\n`);
    }
    if (values.check && stale.length > 0) process.exitCode = STALE;
  },
};
