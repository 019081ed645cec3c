/**
 * The bare peer: what `Bun.serve` itself can do for a chat room, and the least TypeScript around it.
 * One process, one thread; `join` subscribes, `chat` goes to the room as one `message`. No presence,
 * no history, no users: the price of those is what a comparison with it shows.
 *
 *   frame   each message is published as it comes
 *   window  messages gather; each is published in a frame of its own when the window ends
 *   joined  messages gather; one frame carries them all, with `\n` between
 *
 * A window is one tick of a `setInterval` that never stops, the plainest way to write it: the loop
 * sleeps in between, nothing spins, and the tick does not wait for a first message.
 */
import type { Server, ServerWebSocket } from 'bun';
import {
  choice,
  integer,
  parseOptions,
  text,
  UsageError,
  type Values,
} from '../../command/options.ts';

const OPTIONS = {
  host: text('127.0.0.1', 'address to listen on'),
  port: integer(8080, 0, 65_535, 'TCP port; 0 takes a free one'),
  mode: choice('frame', ['frame', 'window', 'joined'], 'how messages leave'),
  window_ms: integer(5, 1, 1_000, 'how long messages gather'),
  delivery_bytes: integer(0, 0, 65_536, 'least size of an outgoing message; 0 = as it is'),
  rate_limit: integer(0, 0, 1_000_000, 'messages/s a client may send; 0 = no limit'),
  ping_interval_ms: integer(30_000, 100, 3_600_000, 'time between pings'),
};

const COMPRESS = false;
const PAYLOAD_BYTES_MAX = 2 * 1024 * 1024;
/** The contract's queue of 64 messages, in bytes: 64 of the longest text. */
const QUEUE_BYTES_MAX = 1024 * 1024;

interface Client {
  readonly isEcho: boolean;
  answersPings: boolean;
  tokens: number;
  filled_ms: number;
}

interface ClientMessage {
  readonly type?: unknown;
  readonly room?: unknown;
  readonly text?: unknown;
  readonly id?: unknown;
}

const counters = { connections: 0, received: 0, sent: 0, dropped: 0, rate_limited: 0 };

function send(socket: ServerWebSocket<Client>, frame: string | Buffer): void {
  if (socket.send(frame, COMPRESS) === 0) counters.dropped += 1;
  else counters.sent += 1;
}

const refusal = (code: string): string => JSON.stringify({ type: 'error', code });

function parse(frame: string | Buffer): ClientMessage | undefined {
  try {
    const message: unknown = JSON.parse(String(frame));
    return typeof message === 'object' && message !== null ? message : undefined;
  } catch {
    return undefined;
  }
}

/** Token bucket: a second's worth at once. */
function mayChat(client: Client, rate_limit: number): boolean {
  const now_ms = performance.now();
  const earned = ((now_ms - client.filled_ms) * rate_limit) / 1_000;
  client.tokens = Math.min(rate_limit, client.tokens + earned);
  client.filled_ms = now_ms;
  if (client.tokens < 1) return false;
  client.tokens -= 1;
  return true;
}

/** How a message leaves for the members of a room. */
type Publish = (room: string, line: string) => void;

function publisher(server: Server<Client>, { mode, window_ms }: Values<typeof OPTIONS>): Publish {
  const publish: Publish = (room, frame) => {
    server.publish(room, frame, COMPRESS);
  };
  if (mode === 'frame') return publish;
  const pending = new Map<string, string[]>();
  setInterval(() => {
    for (const [room, lines] of pending) {
      if (mode === 'joined') publish(room, lines.join('\n'));
      else for (const line of lines) publish(room, line);
    }
    pending.clear();
  }, window_ms);
  return (room, line) => {
    const waiting = pending.get(room);
    if (waiting === undefined) pending.set(room, [line]);
    else waiting.push(line);
  };
}

/** Cuts who did not answer the last ping, pings the others. */
function keepAlive(sockets: ReadonlySet<ServerWebSocket<Client>>, ping_interval_ms: number): void {
  setInterval(() => {
    for (const socket of sockets) {
      if (!socket.data.answersPings) {
        socket.terminate();
        continue;
      }
      socket.data.answersPings = false;
      socket.ping();
    }
  }, ping_interval_ms);
}

function upgrade(request: Request, server: Server<Client>, rate_limit: number) {
  const { pathname } = new URL(request.url);
  if (pathname === '/stats') return Response.json(counters);
  const isEcho = pathname === '/echo';
  if (!isEcho && pathname !== '/ws') return new Response('Not here.\n', { status: 404 });
  const filled_ms = performance.now();
  const data: Client = { isEcho, answersPings: true, tokens: rate_limit, filled_ms };
  if (server.upgrade(request, { data })) return undefined;
  return new Response('WebSocket only.\n', { status: 426 });
}

function serve(options: Values<typeof OPTIONS>): void {
  const { host, port, delivery_bytes, rate_limit, ping_interval_ms } = options;
  const sockets = new Set<ServerWebSocket<Client>>();

  const server = Bun.serve<Client>({
    hostname: host,
    port,
    fetch: (request, self) => upgrade(request, self, rate_limit),
    websocket: {
      perMessageDeflate: false,
      maxPayloadLength: PAYLOAD_BYTES_MAX,
      backpressureLimit: QUEUE_BYTES_MAX,
      idleTimeout: 0,
      sendPings: false,
      open(socket) {
        counters.connections += 1;
        sockets.add(socket);
      },
      close(socket) {
        counters.connections -= 1;
        sockets.delete(socket);
      },
      pong(socket) {
        socket.data.answersPings = true;
      },
      message(socket, frame) {
        counters.received += 1;
        const answer = socket.data.isEcho ? frame : carryOut(socket, frame);
        if (answer !== undefined) send(socket, answer);
      },
    },
  });
  const publish = publisher(server, options);
  keepAlive(sockets, ping_interval_ms);

  /** @returns the answer to the sender */
  function carryOut(socket: ServerWebSocket<Client>, frame: string | Buffer): string | undefined {
    const message = parse(frame);
    if (message === undefined) return refusal('malformed');
    const { type, room, text, id } = message;
    if (type === 'ping') return JSON.stringify({ type: 'pong', id });
    if (type !== 'join' && type !== 'chat' && type !== 'leave') {
      return refusal('unknown_type');
    }
    if (typeof room !== 'string') return refusal('invalid_field');
    if (type === 'join') {
      socket.subscribe(room);
      return JSON.stringify({ type: 'joined', room });
    }
    if (!socket.isSubscribed(room)) return refusal('not_joined');
    if (type === 'leave') {
      socket.unsubscribe(room);
      return JSON.stringify({ type: 'left', room });
    }
    if (typeof text !== 'string') return refusal('invalid_field');
    if (rate_limit > 0 && !mayChat(socket.data, rate_limit)) {
      counters.rate_limited += 1;
      return refusal('rate_limited');
    }
    counters.sent += server.subscriberCount(room);
    // Blanks behind a JSON value mean nothing to its reader: they stand in for fields.
    publish(room, JSON.stringify({ type: 'message', room, text }).padEnd(delivery_bytes));
    return undefined;
  }

  process.once('SIGTERM', () => process.exit(0));
  console.error(JSON.stringify({ port: server.port, msg: 'listening' }));
}

try {
  serve(parseOptions(OPTIONS, process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`bun_bare: ${error.message}`);
  process.exitCode = 2;
}
