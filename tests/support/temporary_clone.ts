import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const root = join(import.meta.dir, '../..');

/**
 * Copies files and folders of the project into a fresh temporary folder, as a clone without
 * anything installed or built would have them. Removed by `using`.
 */
export function temporaryClone(paths: readonly string[]): Disposable & { path: string } {
  const path = mkdtempSync(join(tmpdir(), 'hubbub-clone-'));
  for (const name of paths) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    cpSync(join(root, name), join(path, name), { recursive: true });
  }
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
