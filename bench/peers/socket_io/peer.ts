import { join } from 'node:path';
import { folderOf, type Peer } from '../peer.ts';

export const socketIo: Peer = {
  name: 'socket.io',
  profile: 'A',
  language: 'JavaScript',
  stack: 'Node.js, Socket.IO',
  remark: 'speaks Socket.IO instead of the contract’s JSON, and has no echo path',
  folder: folderOf('socket_io'),
  toolchain: 'node',
  getIt: 'Debian: apt-get install nodejs; others: https://nodejs.org',
  build: [process.execPath, 'install', '--frozen-lockfile'],
  environment: {},
  command: ['node', join(folderOf('socket_io'), 'server.js')],
  modes: [],
  dialect: 'socket.io',
  encoding: 'socket.io',
  path: '/socket.io/?EIO=4&transport=websocket',
};
