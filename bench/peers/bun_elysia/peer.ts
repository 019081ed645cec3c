import { join } from 'node:path';
import { folderOf, inBun, type Peer } from '../peer.ts';

export const bunElysia: Peer = {
  ...inBun,
  name: 'bun-elysia',
  profile: 'A',
  language: 'TypeScript',
  stack: 'Bun, Elysia',
  folder: folderOf('bun-elysia'),
  build: [process.execPath, 'install', '--frozen-lockfile'],
  command: [process.execPath, join(folderOf('bun-elysia'), 'server.ts')],
  modes: [],
};
