import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../../server/config/options.ts';
import { startPostgres } from '../support/postgres.ts';
import { type ServerProcess, spawnServer } from '../support/process.ts';
import { TORTURE_OPTIONS } from './options.ts';

export interface CrashServer extends AsyncDisposable {
  readonly url: string;
  readonly http: string;
  readonly current: ServerProcess;
  /** `kill -9`, and the same again. */
  crash(): Promise<void>;
}

/** A server with a database of its own, both gone at the end of the block. */
export async function startCrashServer(options: Partial<Config>): Promise<CrashServer> {
  const folder = mkdtempSync(join(tmpdir(), 'hubbub-torture-'));
  const isOverPostgres = options.log === 'postgres' && !options.postgres_url;
  const postgres = isOverPostgres ? await startPostgres() : undefined;
  const settings: Partial<Config> = {
    ...TORTURE_OPTIONS,
    data_dir: folder,
    ...options,
    ...(postgres === undefined ? {} : { postgres_url: postgres.url }),
  };
  const clean = async (): Promise<void> => {
    await postgres?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  };
  let server = await spawnServer(settings).catch(async (error: unknown) => {
    await clean();
    throw error;
  });
  const { url, http, port } = server;
  return {
    url,
    http,
    get current() {
      return server;
    },
    async crash() {
      await server.stop('SIGKILL');
      server = await spawnServer({ ...settings, port });
    },
    async [Symbol.asyncDispose]() {
      const status = await server.stop();
      if (status !== 0) process.stderr.write(`the server ended with ${status}:\n${server.log()}\n`);
      await clean();
    },
  };
}
