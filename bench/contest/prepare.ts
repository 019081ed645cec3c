import { createHash } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { UsageError } from '../command/options.ts';
import { breachesOf, conformance, STANDARD } from '../contract/conformance.ts';
import { DIALECTS } from '../contract/dialects.ts';
import { buildPeer } from '../peers/build.ts';
import { conform } from '../peers/conform.ts';
import type { HubKind } from '../process/hub.ts';
import { hubbub, startServer } from '../process/server.ts';
import type { Progress } from '../scenarios/scenario.ts';
import type { Entrant } from './entrant.ts';

const ROOT = join(import.meta.dir, '../..');
/** What has kept the contract, as it was: a mark for each, named after its sources. */
const MARKS = join(ROOT, 'build/peers/conform');

/**
 * Makes an entrant ready to be timed: built, and found to keep the contract. That is looked at again
 * only when its sources, or the contract's, have changed.
 * @throws UsageError when it cannot be built here, or with the rules it breaks
 */
export async function prepare(entrant: Entrant, progress: Progress): Promise<void> {
  switch (entrant.is) {
    case 'peer': {
      const { peer } = entrant;
      await buildPeer(peer);
      return once(peer.name, [peer.folder], progress, async () => breachesOf(await conform(peer)));
    }
    case 'hubbub': {
      const { hub } = entrant;
      const sources = [join(ROOT, 'server'), join(ROOT, 'native')];
      return once(`hubbub-${hub}`, sources, progress, () => breachesOfHubbub(hub));
    }
    case 'url':
      return;
  }
}

async function once(
  name: string,
  sources: readonly string[],
  progress: Progress,
  check: () => Promise<readonly string[]>,
): Promise<void> {
  const state = await fingerprint([...sources, join(ROOT, 'bench/contract')]);
  const mark = Bun.file(join(MARKS, `${name}-${state}`));
  if (await mark.exists()) return;
  progress(`${name}: is it keeping the contract?`);
  const breaches = await check();
  if (breaches.length > 0) throw new UsageError(`${name} breaks ${breaches.join('; ')}`);
  await mkdir(MARKS, { recursive: true });
  await mark.write('');
}

async function breachesOfHubbub(hub: HubKind): Promise<readonly string[]> {
  const flags = ['--rate-limit', '0'];
  const server = await startServer(hubbub({ encoding: 'json', hub, workers: 1, cpus: [], flags }));
  try {
    const url = `ws://127.0.0.1:${server.port}/ws`;
    return breachesOf(await conformance({ ...STANDARD, url, dialect: DIALECTS.hubbub }));
  } finally {
    await server.stop();
  }
}

/** Of every file in these folders, besides what builds leave there. */
async function fingerprint(folders: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(Bun.version);
  for (const folder of folders) {
    const files = await readdir(folder, { recursive: true, withFileTypes: true });
    const paths = files
      .filter((file) => file.isFile())
      .map((file) => join(file.parentPath, file.name))
      .filter((path) => !/\/(node_modules|target|\.zig-cache|zig-out)\//.test(path))
      .toSorted();
    for (const path of paths) {
      hash.update(relative(ROOT, path)).update(await Bun.file(path).bytes());
    }
  }
  return hash.digest('hex').slice(0, 16);
}
