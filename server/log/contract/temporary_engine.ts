import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteEngine } from '../sqlite.ts';

export interface TemporaryFile extends Disposable {
  readonly path: string;
  /** A connection to it: one at a time. */
  engine(sync?: 'full' | 'normal'): SqliteEngine;
}

/** A database file in a folder of its own, until the end of the block it is declared in with `using`. */
export function temporaryFile(): TemporaryFile {
  const folder = mkdtempSync(join(tmpdir(), 'hubbub-log-'));
  const path = join(folder, 'hubbub.sqlite');
  return {
    path,
    engine: (sync = 'normal') => new SqliteEngine({ path, sync }),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
