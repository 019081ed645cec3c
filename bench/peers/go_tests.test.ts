import { expect } from 'bun:test';
import { pathOf, requires } from '../../tests/support/requires.ts';
import { missingFor } from './build.ts';
import { PEERS } from './peers.ts';

/** Libraries are fetched and compiled the first time. */
const GO_MS_MAX = 300_000;

/** Those that an older Go cannot build are left out: `bun run bench peers` says so. */
const inGo = PEERS.filter(
  (peer) => peer.toolchain === 'go' && (peer.since === undefined || missingFor(peer) === undefined),
);

for (const { name, folder, environment } of inGo) {
  for (const task of ['vet', 'test']) {
    requires('golang')(
      `${name}: go ${task}`,
      async () => {
        const child = Bun.spawn([pathOf('golang'), task, './...'], {
          cwd: folder,
          env: { ...process.env, ...environment },
          stdout: 'pipe',
          stderr: 'pipe',
          timeout: GO_MS_MAX,
        });
        const [status, ...said] = await Promise.all([
          child.exited,
          child.stdout.text(),
          child.stderr.text(),
        ]);
        expect({ status, said: status === 0 ? '' : said.join('') }).toEqual({
          status: 0,
          said: '',
        });
      },
      GO_MS_MAX,
    );
  }
}
