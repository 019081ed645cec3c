import { folderOf, inRust, type Peer } from '../peer.ts';

export const rustAxum: Peer = {
  ...inRust('rust-axum'),
  name: 'rust-axum',
  profile: 'A',
  language: 'Rust',
  stack: 'Rust, axum',
  folder: folderOf('rust-axum'),
  modes: ['frame', 'joined'],
};
