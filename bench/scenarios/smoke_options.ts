import { choice, integer, integers, list, type Values } from '../command/options.ts';
import { payloadBytesMin } from '../load/chat.ts';
import { roomName } from '../load/client.ts';
import { ENGINE_KINDS } from '../load/engines.ts';
import { HUBS } from '../process/hub.ts';

export const SMOKE_OPTIONS = {
  pairs: integer(5, 1, 1_000, 'runs of each server, alternating'),
  hubs: list(['script', 'native'], HUBS, 'hubs to measure'),
  workers: integers([1], 1, 256, 'numbers of workers to measure; script serves with one'),
  encodings: list(['ndjson', 'json'], ['ndjson', 'json'], 'encodings to measure'),
  members: integer(100, 1, 10_000, 'connections in one room'),
  senders: integer(10, 1, 10_000, 'members who send'),
  deliveries: integer(200_000, 100, 10_000_000, 'deliveries/s offered'),
  payload: integer(128, payloadBytesMin(roomName(0)), 16_384, 'bytes of a client’s chat frame'),
  flush_interval_ms: integer(5, 0, 1_000, 'window in which messages gather, for all; 0 = none'),
  start_ms: integer(6_000, 500, 600_000, 'traffic before the first run, until code is compiled'),
  start_deliveries: integer(500_000, 100, 10_000_000, 'deliveries/s offered at its beginning'),
  warmup_ms: integer(300, 0, 600_000, 'traffic in each run before its window'),
  duration_ms: integer(2_500, 500, 600_000, 'the measured window of each run'),
  noise_max: integer(100, 1, 100, '% of a run that a core may be busy with others; else again'),
  server_cpu: integer(
    0,
    0,
    1_023,
    'core of servers with one worker, one of them at work at a time',
  ),
  server_cpus: integers([], 0, 1_023, 'cores of those with more; as many as workers, if not given'),
  client_cpu: integer(1, 0, 1_023, 'core of the load clients'),
  engine: choice('typescript', ENGINE_KINDS, 'load engine: native needs a C++ compiler'),
};

export type SmokeValues = Values<typeof SMOKE_OPTIONS>;
