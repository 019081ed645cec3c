import { folderOf, inGo, type Peer } from '../peer.ts';

export const goFiber: Peer = {
  ...inGo('go-fiber'),
  since: '1.25',
  getIt: 'https://go.dev/dl',
  name: 'go-fiber',
  profile: 'A',
  language: 'Go',
  stack: 'Go, Fiber',
  folder: folderOf('go-fiber'),
  modes: ['frame', 'joined'],
};
