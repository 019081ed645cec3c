import {
  choice,
  integer,
  list,
  requireSenders,
  UsageError,
  type Values,
} from '../command/options.ts';
import { payloadBytesMin } from '../load/chat.ts';
import { roomName } from '../load/client.ts';
import { ENGINE_KINDS } from '../load/engines.ts';
import { PEERS } from '../peers/peers.ts';
import { HUBBUB, startSubject } from '../peers/subject.ts';
import { HUBS } from '../process/hub.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { type Case, measureCase } from './case.ts';
import { problemsOf, rowOf } from './report.ts';

/** What this project answers over HTTP: health, counters, metrics, the chat page. */
const PATHS = ['/healthz', '/stats', '/metrics', '/'] as const;
/** All that the contract asks of a peer. */
const PEER_PATH = '/stats';
const SPEAKERS = PEERS.filter(({ encoding }) => encoding === undefined).map(({ name }) => name);

const OPTIONS = {
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

export type HttpValues = Values<typeof OPTIONS>;

function requireMultiple({ rate, connections }: HttpValues): void {
  if (rate % connections === 0) return;
  throw new UsageError(`--rate (${rate}) has to be a multiple of --connections (${connections}).`);
}

/** HTTP endpoints under load, by autocannon: an idle server, and one that carries chat traffic. */
export const httpCommand: Scenario<typeof OPTIONS> = {
  name: 'http',
  summary: 'HTTP endpoints by autocannon: idle, and beside chat traffic',
  options: OPTIONS,
  async run(values, progress) {
    requireMultiple(values);
    requireSenders(values);
    const cases: Case[] = [];
    for (const name of [HUBBUB, ...values.peers]) {
      const { server_cpu, hub } = values;
      await using server = await startSubject(name, { cpus: [server_cpu], rate_limit: 0, hub });
      for (const state of values.states) {
        for (const path of name === HUBBUB ? values.paths : [PEER_PATH]) {
          progress(`http: ${name} ${path} ${state}`);
          cases.push(await measureCase({ name, state, path }, server, values));
        }
      }
    }
    return {
      tables: [cases.map(rowOf)],
      targets: [],
      problems: cases.flatMap((one) => problemsOf(one)),
      data: { cases },
    };
  },
};
