import type { Server, WebSocketHandler } from 'bun';
import type { AdminApi } from '../admin/api.ts';
import { type HubEvents, topicOf } from '../hub/port.ts';
import type { SessionContext } from '../session/session.ts';
import { TokenBucket } from '../session/token_bucket.ts';
import type { WorkerCounters } from '../telemetry/counters.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { PageAssets } from '../web/assets.ts';
import { closeCause } from './close_cause.ts';
import { type Admission, Connection, type ConnectionEvents, DROPPED } from './connection.ts';
import { Connections } from './connections.ts';
import { Farewell, type FarewellLimits } from './farewell.ts';
import { Keepalive } from './keepalive.ts';
import { listenError } from './listen_error.ts';
import type { Occupancy } from './occupancy.ts';
import type { Origins } from './origins.ts';
import { createRouter, type Router, type Telemetry } from './routes.ts';
import { admit, handshakeHeaders, type Turned } from './upgrade.ts';

export interface EdgeLimits extends FarewellLimits {
  readonly host: string;
  readonly send_buffer_bytes_max: number;
  readonly accept_rate: number;
  readonly accept_burst: number;
  readonly workers: number;
  readonly frame_bytes_max: number;
  readonly ping_interval_ms: number;
  readonly pong_timeout_ms: number;
}

export interface EdgeParts {
  readonly limits: EdgeLimits;
  readonly port: number;
  readonly occupancy: Occupancy;
  readonly origins: Origins;
  readonly sessions: SessionContext;
  readonly counters: WorkerCounters;
  readonly telemetry: Telemetry;
  readonly page: PageAssets;
  /** Undefined: there is nothing under its path. */
  readonly admin: AdminApi | undefined;
  readonly logger: Logger;
}

const SOCKET_PATH = '/ws';
/** Bun drops a connection past this multiple of the soft limit: a backstop between two sweeps. */
const BACKSTOP_FACTOR = 2;
const REQUEST_BYTES_MAX = 64 * 1024;

/** The only place that knows `Bun.serve`: HTTP requests and WebSocket events come in, frames go out. */
export class Edge {
  readonly #connections: Connections;
  readonly #parts: EdgeParts;
  readonly #farewell: Farewell;
  readonly #pace: TokenBucket;
  readonly #keepalive: Keepalive;
  readonly #server: Server<Connection>;
  /** One for all connections: what they report goes to the same place. */
  readonly #events: ConnectionEvents = {
    pressed: () => this.#connections.pressed(),
    overflowed: () => this.#connections.overflowed(),
    failed: (connection, error) => this.#fail(connection, error),
  };
  #isDraining = false;

  constructor(parts: EdgeParts) {
    this.#parts = parts;
    this.#connections = new Connections(parts.limits.send_buffer_bytes_max);
    const { accept_rate, accept_burst, workers } = parts.limits;
    // The kernel spreads connections evenly: each worker takes its share.
    this.#pace = new TokenBucket(accept_rate / workers, accept_burst / workers, performance.now());
    this.#farewell = new Farewell(this.#connections, parts.limits);
    this.#server = this.#listen(createRouter(parts.telemetry, parts.page, parts.admin));
    this.#keepalive = new Keepalive(parts.limits);
  }

  get port(): number {
    return this.#server.port ?? this.#parts.port;
  }

  get isReady(): boolean {
    return !this.#isDraining;
  }

  /** One frame to every member of a room who speaks `encoding`. */
  readonly publish: HubEvents['publish'] = (room, encoding, data) => {
    const { counters } = this.#parts;
    counters.frames_published += 1;
    counters.bytes_published += data.length;
    // Compression would run once per subscriber. The result is the worst over all of them: a hint to look.
    const status = this.#server.publish(topicOf(room, encoding), data, false);
    if (status === DROPPED) this.#connections.overflowed();
    else if (status < DROPPED) this.#connections.pressed();
  };

  /**
   * From now on nobody is let in, and `/readyz` says so. Everybody is told when to come back, and served
   * until they go. Resolves when they have, or their time is up.
   */
  async drain(): Promise<void> {
    this.#isDraining = true;
    await this.#farewell.tell();
  }

  /** Sends away everybody who is no longer welcome as who they are. */
  dismissRevoked(): void {
    const { authenticator } = this.#parts.sessions;
    for (const connection of this.#connections) {
      const { identity } = connection;
      if (identity === undefined || !authenticator.isRevoked(identity)) continue;
      connection.close('token_invalid');
    }
  }

  /** Ends the wait of `drain`. */
  hurry(): void {
    this.#farewell.hurry();
  }

  /** Closes whoever is still here, cuts those who do not answer, and stops listening. */
  async stop(): Promise<void> {
    await this.#farewell.close();
    this.#keepalive.stop();
    this.#connections.stop();
    await this.#server.stop(true);
  }

  /** @throws ConfigError when the address cannot be had: a sentence for the terminal, not a stack */
  #listen(route: Router): Server<Connection> {
    const { limits, port } = this.#parts;
    try {
      return Bun.serve({
        hostname: limits.host,
        port,
        reusePort: limits.workers > 1,
        maxRequestBodySize: REQUEST_BYTES_MAX,
        fetch: (request, server) => {
          // What Bun makes of a Host header that names no host does not parse, and may carry a token.
          const path = URL.parse(request.url)?.pathname;
          if (path === undefined) return new Response('Host names no host.\n', { status: 400 });
          return path === SOCKET_PATH ? this.#upgrade(request, server) : route(request, path);
        },
        error: (error) => {
          this.#parts.counters.handler_failures += 1;
          this.#parts.logger.error({ err: error }, 'a request failed');
          return new Response('Internal error.\n', { status: 500 });
        },
        websocket: this.#handlers(),
      });
    } catch (error) {
      throw listenError(error, limits.host, port);
    }
  }

  #upgrade(request: Request, server: Server<Connection>) {
    const { occupancy, origins, sessions } = this.#parts;
    const address = server.requestIP(request)?.address ?? 'unknown';
    const admitted = admit(request, address, {
      occupancy,
      origins,
      pace: this.#pace,
      authenticator: sessions.authenticator,
      isDraining: () => this.#isDraining,
    });
    const open = (admission: Admission | Turned) => this.#open(request, server, admission);
    return admitted instanceof Promise ? admitted.then(open) : open(admitted);
  }

  #open(
    request: Request,
    server: Server<Connection>,
    admission: Admission | Turned,
  ): Response | undefined {
    const { counters, occupancy } = this.#parts;
    if ('response' in admission) {
      counters.upgrades_refused[admission.reason] += 1;
      return admission.response;
    }
    const connection = new Connection(admission, this.#events);
    const headers = handshakeHeaders(request, admission.encoding);
    const options = headers === undefined ? { data: connection } : { data: connection, headers };
    if (server.upgrade(request, options)) return undefined;
    occupancy.release(admission.address);
    counters.upgrades_refused.bad_request += 1;
    return new Response('The WebSocket handshake is incomplete.\n', { status: 400 });
  }

  #handlers(): WebSocketHandler<Connection> {
    const { limits, sessions, counters } = this.#parts;
    return {
      maxPayloadLength: limits.frame_bytes_max,
      backpressureLimit: limits.send_buffer_bytes_max * BACKSTOP_FACTOR,
      closeOnBackpressureLimit: true,
      perMessageDeflate: false,
      // Keepalive is our own: Bun's never fires while the server itself keeps sending.
      idleTimeout: 0,
      sendPings: false,
      open: (socket) => {
        const connection = socket.data;
        this.#connections.add(connection);
        this.#keepalive.add(connection);
        counters.connections += 1;
        counters.connections_opened += 1;
        this.#guard(connection, () => connection.open(socket, sessions));
      },
      message: ({ data: connection }, frame) => {
        counters.frames_received += 1;
        counters.bytes_received += frame.length;
        this.#keepalive.seen(connection);
        this.#guard(connection, () => connection.receive(frame));
      },
      ping: ({ data: connection }) => this.#control(connection),
      pong: ({ data: connection }) => this.#control(connection),
      close: ({ data: connection }, code, reason) => {
        this.#connections.remove(connection);
        this.#parts.occupancy.release(connection.address);
        this.#keepalive.remove(connection);
        const cause = connection.closed_for ?? closeCause(code, reason);
        counters.closed[cause] += 1;
        this.#guard(connection, () => connection.ended());
        counters.connections -= 1;
      },
    };
  }

  #control(connection: Connection): void {
    this.#keepalive.seen(connection);
    this.#guard(connection, () => connection.receiveControl());
  }

  /** What goes wrong for one connection ends that connection, and no other. */
  #guard(connection: Connection, handle: () => void): void {
    try {
      handle();
    } catch (error) {
      this.#fail(connection, error);
    }
  }

  #fail(connection: Connection, error: unknown): void {
    this.#parts.counters.handler_failures += 1;
    this.#parts.logger.error({ err: error }, 'a connection failed');
    connection.close('internal');
  }
}
