import { join } from 'node:path';
import { folderOf, type Peer } from '../peer.ts';

export const centrifugo: Peer = {
  name: 'centrifugo',
  profile: 'A',
  language: 'Go',
  stack: 'Centrifugo 6',
  remark:
    'an existing product through its own protocol: checked by the rules that apply to it; no echo, no rate limit, no counters; joins what waits for a client in one frame; adds a sender to each message',
  folder: folderOf('centrifugo'),
  toolchain: 'centrifugo',
  since: '6.9.1',
  getIt: 'https://centrifugal.dev/docs/getting-started/installation',
  build: undefined,
  environment: {},
  command: [process.execPath, join(folderOf('centrifugo'), 'server.ts')],
  modes: [],
  encoding: 'centrifugo',
  dialect: 'centrifugo',
  path: '/connection/websocket',
};
