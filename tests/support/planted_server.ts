import { appendFileSync, existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../server/config/options.ts';
import { type ServerProcess, spawnServer } from './process.ts';
import { ROOT } from './sources.ts';
import { temporaryClone } from './temporary_clone.ts';

export interface PlantedServer extends ServerProcess, AsyncDisposable {
  /** Lets happen in the first worker what was planted there. */
  trigger(): void;
}

interface Plant {
  /** Code that the first worker runs when triggered. */
  readonly inWorker?: string;
  /** Leaves out what was compiled. */
  readonly withoutAddon?: boolean;
}

/** The server from a copy of its sources with something wrong in them: how else would a worker die? */
export async function servePlanted(
  options: Partial<Config>,
  { inWorker, withoutAddon = false }: Plant,
): Promise<PlantedServer> {
  const clone = temporaryClone(['package.json', 'tsconfig.json', 'server', 'client']);
  symlinkSync(join(ROOT, 'node_modules'), join(clone.path, 'node_modules'));
  if (!withoutAddon) symlinkSync(join(ROOT, 'build'), join(clone.path, 'build'));
  const trigger = join(clone.path, 'trigger');
  if (inWorker !== undefined) {
    const look = `require('node:fs').existsSync(${JSON.stringify(trigger)})`;
    appendFileSync(
      join(clone.path, 'server/worker.ts'),
      `if (workerData.worker === 0) setInterval(() => { if (${look}) { ${inWorker} } }, 5);\n`,
    );
  }
  const entry = join(clone.path, 'server/main.ts');
  const server = await spawnServer(options, [], entry).catch((error: unknown) => {
    clone[Symbol.dispose]();
    throw error;
  });
  return {
    ...server,
    trigger: () => writeFileSync(trigger, ''),
    async [Symbol.asyncDispose]() {
      await server.stop();
      if (existsSync(clone.path)) clone[Symbol.dispose]();
    },
  };
}
