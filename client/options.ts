import type { TokenSource } from './credentials.ts';
import type { Encoding } from './encoding.ts';
import { json } from './encoding_json.ts';
import type { WebSocketConstructor } from './web_socket.ts';

/** Every limit of the client, with its unit. */
export interface ClientLimits {
  /** From opening a socket to its welcome; then the next attempt. */
  readonly connect_timeout_ms: number;
  /** What `connect()` waits for. The client goes on trying afterwards. */
  readonly connect_deadline_ms: number;
  /** From a request to its reply; also how long a silent connection is believed in after one. */
  readonly answer_timeout_ms: number;
  /** From `join()` to joined, reconnects included. */
  readonly join_deadline_ms: number;
  /** From `send()` to its acknowledgement, reconnects and resends included. */
  readonly send_deadline_ms: number;
  /** The first reconnect waits up to this, each further one up to twice as long. */
  readonly reconnect_base_ms: number;
  /** No backoff waits longer. */
  readonly reconnect_cap_ms: number;
  /** A connection that lasted this long starts the backoff anew. */
  readonly stable_after_ms: number;
  /** The first wait before a room is joined again after a gap or a temporary refusal. */
  readonly rejoin_base_ms: number;
  /** Messages not acknowledged yet, over all rooms. */
  readonly outbox_messages_max: number;
  /** Their text, in bytes of UTF-8. */
  readonly outbox_bytes_max: number;
  /** Messages of one room sent and not acknowledged. 1 keeps their order through refusals too. */
  readonly in_flight_max: number;
  /** Requests without a reply yet. */
  readonly requests_max: number;
  /** Records of one room held back while a gap before them is being filled. */
  readonly held_messages_max: number;
}

const DEFAULT_LIMITS: ClientLimits = {
  connect_timeout_ms: 10_000,
  connect_deadline_ms: 30_000,
  answer_timeout_ms: 10_000,
  join_deadline_ms: 30_000,
  send_deadline_ms: 60_000,
  reconnect_base_ms: 500,
  reconnect_cap_ms: 30_000,
  stable_after_ms: 5_000,
  rejoin_base_ms: 50,
  outbox_messages_max: 1_000,
  outbox_bytes_max: 1_048_576,
  in_flight_max: 32,
  requests_max: 256,
  held_messages_max: 1_000,
};

/** The most a timer takes; a longer one would fire at once. */
const LIMIT_MAX = 2 ** 31 - 1;

export interface ClientOptions {
  /** Where the server listens, `ws://host:port/ws` or `wss://…`. */
  readonly url: string;
  /**
   * The application's token (JWT or session), or a callback that gets one. Without it the client is a
   * guest. The callback is asked when there is no resume token, or that is refused, and a while before
   * the token in use ends; what it throws counts like a failed attempt to connect.
   */
  readonly token?: TokenSource;
  /** A resume token kept from an earlier welcome: comes back as the same user. */
  readonly session?: string;
  /** The name a guest would like. */
  readonly name?: string;
  /** `json` (default), `ndjson`, or `messagepack` from its own entry. */
  readonly encoding?: Encoding;
  /** For runtimes without a global WebSocket: the class of the `ws` package, for one. */
  readonly WebSocket?: WebSocketConstructor;
  readonly limits?: Partial<ClientLimits>;
  /** Uniform in [0, 1): the source of all jitter. */
  readonly random?: () => number;
}

/** Options with everything decided. */
export interface Settings {
  readonly url: URL;
  readonly encoding: Encoding;
  readonly WebSocket: WebSocketConstructor;
  readonly limits: ClientLimits;
  readonly random: () => number;
}

/** @throws TypeError when the options cannot work */
export function resolveOptions(options: ClientOptions): Settings {
  const url = new URL(options.url.replace(/^http/, 'ws'));
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') {
    throw new TypeError(`the URL must begin with ws:// or wss://, not ${url.protocol}`);
  }
  if (options.name !== undefined) url.searchParams.set('name', options.name);
  const WebSocket = options.WebSocket ?? globalThis.WebSocket;
  if (WebSocket === undefined) {
    throw new TypeError('this runtime has no WebSocket: pass one in the options');
  }
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  for (const [name, value] of Object.entries(limits)) {
    if (!(Number.isFinite(value) && value > 0 && value <= LIMIT_MAX)) {
      throw new TypeError(`${name} must be a number above 0 and at most ${LIMIT_MAX}`);
    }
  }
  return {
    url,
    encoding: options.encoding ?? json,
    WebSocket,
    limits,
    random: options.random ?? Math.random,
  };
}
