import { bunBare } from './bun_bare/peer.ts';
import { bunElysia } from './bun_elysia/peer.ts';
import { centrifugo } from './centrifugo/peer.ts';
import { goFiber } from './go_fiber/peer.ts';
import { goGorilla } from './go_gorilla/peer.ts';
import { nodeWs } from './node_ws/peer.ts';
import type { Peer } from './peer.ts';
import { rustAxum } from './rust_axum/peer.ts';
import { rustTungstenite } from './rust_tungstenite/peer.ts';
import { socketIo } from './socket_io/peer.ts';
import { zigStd } from './zig_std/peer.ts';

/** Minimal stacks first, then frameworks and products. */
export const PEERS: readonly Peer[] = [
  bunBare,
  nodeWs,
  goGorilla,
  rustTungstenite,
  zigStd,
  bunElysia,
  goFiber,
  rustAxum,
  socketIo,
  centrifugo,
];
