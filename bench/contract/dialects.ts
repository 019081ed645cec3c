import type { Dialect } from './dialect.ts';
import { centrifugo } from './dialects/centrifugo.ts';
import { hubbub, peer } from './dialects/json.ts';
import { socketIo } from './dialects/socket_io.ts';

/** All there are, by name. */
export const DIALECTS = {
  peer,
  hubbub,
  centrifugo,
  'socket.io': socketIo,
} as const satisfies Readonly<Record<string, Dialect>>;
export type DialectName = keyof typeof DIALECTS;
