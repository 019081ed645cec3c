/**
 * What may be set from outside (`-e NAME=value`), and what every script demands of a server.
 */

/** @returns the number that the environment has for it, else the one here */
export function number(name, otherwise) {
  const given = __ENV[name];
  if (given === undefined || given === '') return otherwise;
  const value = Number(given);
  if (!(value >= 0)) throw new Error(`${name} takes a number that is not negative, not ${given}`);
  return value;
}

const DIALECTS = { peer: [], hubbub: ['hubbub.v1.json'] };
const dialect = __ENV.DIALECT || 'peer';
if (!(dialect in DIALECTS)) throw new Error(`DIALECT takes ${Object.keys(DIALECTS).join(' or ')}`);

export const URL = __ENV.URL || 'ws://127.0.0.1:8080/ws';
if (!/^wss?:/.test(URL)) throw new Error(`URL takes ws://<host>:<port>/ws, not ${URL}`);
export const SUBPROTOCOLS = DIALECTS[dialect];
/** Bytes of a chat frame in JSON. */
export const PAYLOAD_BYTES = number('PAYLOAD', 128);
/** How long clients send, in seconds. */
export const DURATION_S = number('DURATION', 60);
/** Over which clients connect, in seconds; 0 = all at once. */
export const RAMP_S = number('RAMP', 0);

const P95_MS = number('P95_MS', 50);
/** How long the last messages may take to come back, in seconds. */
export const DRAIN_S = number('DRAIN', 5);
/** Connecting and the last look beside it: past that a client is cut short, and the run fails. */
const SPARE_S = 20;

/** A crowd of `clients`, each of them one virtual user that runs `exec` once. */
export const crowd = (exec, clients) => ({
  executor: 'per-vu-iterations',
  exec,
  vus: clients,
  iterations: 1,
  maxDuration: `${Math.ceil(RAMP_S + DURATION_S + DRAIN_S + SPARE_S)}s`,
  gracefulStop: '0s',
});

/**
 * A run fails when a message is lost, doubled or refused, too few connections come about, latency is
 * too high, or a client did not get to its end. Metrics are in milliseconds.
 */
export const demands = (clients) => ({
  chat_latency: [`p(95)<${P95_MS}`],
  messages_lost: ['count==0'],
  messages_doubled: ['count==0'],
  messages_refused: ['count==0'],
  messages_received: ['count>0'],
  connects: ['rate>=0.99'],
  checks: ['rate==1'],
  clients_done: [`count==${clients}`],
});

export const TREND_STATS = ['avg', 'min', 'med', 'p(90)', 'p(95)', 'p(99)', 'p(99.9)', 'max'];
