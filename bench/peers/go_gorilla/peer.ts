import { folderOf, inGo, type Peer } from '../peer.ts';

export const goGorilla: Peer = {
  ...inGo('go-gorilla'),
  name: 'go-gorilla',
  profile: 'B',
  language: 'Go',
  stack: 'Go, net/http, gorilla/websocket',
  folder: folderOf('go-gorilla'),
  modes: ['frame', 'joined'],
};
