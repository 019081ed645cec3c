import { folderOf, inRust, type Peer } from '../peer.ts';

export const rustTungstenite: Peer = {
  ...inRust('rust-tungstenite'),
  name: 'rust-tungstenite',
  profile: 'B',
  language: 'Rust',
  stack: 'Rust, tokio-tungstenite',
  folder: folderOf('rust-tungstenite'),
  modes: ['frame', 'joined'],
};
