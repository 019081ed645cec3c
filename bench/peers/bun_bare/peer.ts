import { join } from 'node:path';
import { folderOf, inBun, type Peer } from '../peer.ts';

export const bunBare: Peer = {
  ...inBun,
  name: 'bun-bare',
  profile: 'B',
  language: 'TypeScript',
  stack: 'Bun.serve',
  folder: folderOf('bun-bare'),
  command: [process.execPath, join(folderOf('bun-bare'), 'server.ts')],
  modes: ['frame', 'window', 'joined'],
};
