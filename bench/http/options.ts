import { choice, integer, list, type Values } from '../command/options.ts';
import { payloadBytesMin } from '../load/chat.ts';
import { roomName } from '../load/client.ts';
import { ENGINE_KINDS } from '../load/engines.ts';
import { SPEAKERS } from '../peers/subject.ts';
import { HUBS } from '../process/hub.ts';

/** What this project answers over HTTP: health, counters, metrics, the chat page. */
const PATHS = ['/healthz', '/stats', '/metrics', '/'] as const;

export const HTTP_OPTIONS = {
  paths: list(PATHS, PATHS, 'what is asked of hubbub'),
  peers: list([], SPEAKERS, 'peers whose /stats are asked as well'),
  states: list(['idle', 'traffic'], ['idle', 'traffic'], 'without members, and under chat traffic'),
  hub: choice('native', HUBS, 'which hub hubbub runs'),
  rate: integer(1_000, 1, 100_000, 'requests/s, of all connections'),
  connections: integer(10, 1, 1_000, 'HTTP connections; the rate is a multiple of them'),
  warmup: integer(1, 0, 600, 'seconds of requests before those that count'),
  duration: integer(5, 1, 600, 'seconds of requests'),
  members: integer(100, 1, 10_000, 'members in one room, under traffic'),
  senders: integer(10, 1, 10_000, 'members who send'),
  deliveries: integer(10_000, 1, 1_000_000, 'deliveries/s offered, under traffic'),
  payload: integer(128, payloadBytesMin(roomName(0)), 16_384, 'bytes of a client’s chat frame'),
  engine: choice('typescript', ENGINE_KINDS, 'load engine for the traffic'),
  server_cpu: integer(0, 0, 1_023, 'core of the server'),
  client_cpu: integer(1, 0, 1_023, 'core of autocannon, and of the load engine'),
};

export type HttpValues = Values<typeof HTTP_OPTIONS>;
