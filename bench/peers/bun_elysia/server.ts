/**
 * A chat room on Elysia, the way its documentation shows WebSocket routes: messages are checked
 * against a schema, rooms are topics, what belongs to a connection is derived into its context.
 */
import type { ServerWebSocket } from 'bun';
import { Elysia, t, ValidationError } from 'elysia';
import { integer, parseOptions, text, UsageError, type Values } from '../../command/options.ts';

const OPTIONS = {
  host: text('127.0.0.1', 'address to listen on'),
  port: integer(8080, 0, 65_535, 'TCP port; 0 takes a free one'),
  delivery_bytes: integer(0, 0, 65_536, 'least size of an outgoing message; 0 = as it is'),
  rate_limit: integer(0, 0, 1_000_000, 'messages/s a client may send; 0 = no limit'),
  ping_interval_ms: integer(30_000, 100, 3_600_000, 'time between pings'),
};

const PAYLOAD_BYTES_MAX = 2 * 1024 * 1024;
/** The contract's queue of 64 messages, in bytes: 64 of the longest text. */
const QUEUE_BYTES_MAX = 1024 * 1024;

const counters = { connections: 0, received: 0, sent: 0, dropped: 0, rate_limited: 0 };

/** Fields that nobody knows are ignored. */
const OPEN = { additionalProperties: true };
const room = t.String();
const MESSAGE = t.Union([
  t.Object({ type: t.Literal('join'), room }, OPEN),
  t.Object({ type: t.Literal('chat'), room, text: t.String() }, OPEN),
  t.Object({ type: t.Literal('ping'), id: t.Optional(t.String()) }, OPEN),
  t.Object({ type: t.Literal('leave'), room }, OPEN),
]);
const TYPES: readonly unknown[] = MESSAGE.anyOf.map(({ properties }) => properties.type.const);

type Socket = Pick<ServerWebSocket, 'ping' | 'terminate'>;

/** What is used here of an Elysia connection, whichever route it came by. */
interface Connection {
  readonly raw: Socket;
  readonly data: { readonly client: Client };
}

interface Client {
  answersPings: boolean;
  tokens: number;
  filled_ms: number;
}

const refusal = (code: string) => ({ type: 'error', code });

/** @returns the answer to what is none of the messages above */
function refuse(value: unknown) {
  if (typeof value !== 'object' || value === null) return refusal('malformed');
  const isKnown = 'type' in value && TYPES.includes(value.type);
  return refusal(isKnown ? 'invalid_field' : 'unknown_type');
}

function send(ws: { send(data: unknown): number }, data: unknown): void {
  if (ws.send(data) === 0) counters.dropped += 1;
  else counters.sent += 1;
}

/** Elysia reads what looks like JSON before a handler sees it; objects it writes again itself. */
const asItCame = (message: unknown): unknown =>
  typeof message === 'object' && message !== null ? message : String(message);

/** Token bucket: a second's worth at once. */
function mayChat(client: Client, rate_limit: number): boolean {
  if (rate_limit === 0) return true;
  const now_ms = performance.now();
  const earned = ((now_ms - client.filled_ms) * rate_limit) / 1_000;
  client.tokens = Math.min(rate_limit, client.tokens + earned);
  client.filled_ms = now_ms;
  if (client.tokens < 1) return false;
  client.tokens -= 1;
  return true;
}

/** Cuts who did not answer the last ping, pings the others. */
function keepAlive(clients: ReadonlyMap<Socket, Client>, ping_interval_ms: number): void {
  setInterval(() => {
    for (const [socket, client] of clients) {
      if (!client.answersPings) {
        socket.terminate();
        continue;
      }
      client.answersPings = false;
      socket.ping();
    }
  }, ping_interval_ms);
}

function serve(options: Values<typeof OPTIONS>): void {
  const { host, port, delivery_bytes, rate_limit, ping_interval_ms } = options;
  const clients = new Map<Socket, Client>();
  keepAlive(clients, ping_interval_ms);

  const lifecycle = {
    open({ raw, data }: Connection) {
      counters.connections += 1;
      clients.set(raw, data.client);
    },
    close({ raw }: Connection) {
      counters.connections -= 1;
      clients.delete(raw);
    },
    pong({ data }: Pick<Connection, 'data'>) {
      data.client.answersPings = true;
    },
  };

  const app = new Elysia({
    websocket: {
      perMessageDeflate: false,
      maxPayloadLength: PAYLOAD_BYTES_MAX,
      backpressureLimit: QUEUE_BYTES_MAX,
      idleTimeout: 0,
      sendPings: false,
      publishToSelf: true,
    },
  });
  app
    .derive(() => {
      const filled_ms = performance.now();
      const client: Client = { answersPings: true, tokens: rate_limit, filled_ms };
      return { client };
    })
    .get('/stats', () => counters)
    .ws('/echo', {
      ...lifecycle,
      message(ws, message) {
        counters.received += 1;
        send(ws, asItCame(message));
      },
    })
    .ws('/ws', {
      ...lifecycle,
      body: MESSAGE,
      error({ error }) {
        if (!(error instanceof ValidationError)) throw error;
        counters.received += 1;
        counters.sent += 1;
        return refuse(error.value);
      },
      message(ws, message) {
        counters.received += 1;
        if (message.type === 'ping') return send(ws, { type: 'pong', id: message.id });
        const { type, room } = message;
        if (type === 'join') {
          ws.subscribe(room);
          return send(ws, { type: 'joined', room });
        }
        if (!ws.isSubscribed(room)) return send(ws, refusal('not_joined'));
        if (type === 'leave') {
          ws.unsubscribe(room);
          return send(ws, { type: 'left', room });
        }
        if (!mayChat(ws.data.client, rate_limit)) {
          counters.rate_limited += 1;
          return send(ws, refusal('rate_limited'));
        }
        counters.sent += app.server?.subscriberCount(room) ?? 0;
        const { text } = message;
        // Blanks behind a JSON value mean nothing to its reader: they stand in for fields.
        ws.publish(room, JSON.stringify({ type: 'message', room, text }).padEnd(delivery_bytes));
      },
    })
    .listen({ hostname: host, port }, (server) => {
      process.once('SIGTERM', () => process.exit(0));
      console.error(JSON.stringify({ port: server.port, msg: 'listening' }));
    });
}

try {
  serve(parseOptions(OPTIONS, process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`bun_elysia: ${error.message}`);
  process.exitCode = 2;
}
