import { join } from 'node:path';
import { folderOf, type Peer } from '../peer.ts';

export const nodeWs: Peer = {
  name: 'node-ws',
  profile: 'B',
  language: 'JavaScript',
  stack: 'Node.js, ws',
  folder: folderOf('node-ws'),
  toolchain: 'node',
  getIt: 'Debian: apt-get install nodejs; others: https://nodejs.org',
  build: [process.execPath, 'install', '--frozen-lockfile'],
  environment: {},
  command: ['node', join(folderOf('node-ws'), 'server.js')],
  modes: [],
};
