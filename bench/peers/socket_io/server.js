/**
 * A chat room on Node.js and Socket.IO: events, rooms and broadcasting as its documentation shows
 * them, with a limit on what waits for a client.
 */
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { Server } from 'socket.io';

const { values } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '8080' },
    'delivery-bytes': { type: 'string', default: '0' },
    'rate-limit': { type: 'string', default: '0' },
    'ping-interval-ms': { type: 'string', default: '30000' },
  },
});
const deliveryBytes = Number(values['delivery-bytes']);
const rateLimit = Number(values['rate-limit']);
const pingInterval_ms = Number(values['ping-interval-ms']);

const PAYLOAD_BYTES_MAX = 2 * 1024 * 1024;
const QUEUE_MESSAGES_MAX = 64;
/** Clients whose queue is full are in this room: broadcasts leave it out. */
const FULL = 'full';
/** Rooms of users have names of their own: no user can join the room above, or one of a socket. */
const nameOf = (room) => `room:${room}`;

const counters = { received: 0, sent: 0, dropped: 0, rate_limited: 0 };

const http = createServer((request, response) => {
  if (request.url !== '/stats') return response.writeHead(404).end('Not here.\n');
  const stats = { connections: io.engine.clientsCount, ...counters };
  response.setHeader('Content-Type', 'application/json').end(JSON.stringify(stats));
});

const io = new Server(http, {
  transports: ['websocket'],
  serveClient: false,
  maxHttpBufferSize: PAYLOAD_BYTES_MAX,
  pingInterval: pingInterval_ms,
  pingTimeout: pingInterval_ms,
});

/** Counts what waits for the client: `packetCreate` and `flush` are events of the connection. */
function watchQueue(socket) {
  let waiting = 0;
  socket.conn.on('packetCreate', () => {
    waiting += 1;
    if (waiting === QUEUE_MESSAGES_MAX) socket.join(FULL);
  });
  socket.conn.on('flush', () => {
    if (waiting >= QUEUE_MESSAGES_MAX) socket.leave(FULL);
    waiting = 0;
  });
}

function reply(socket, type, message) {
  if (socket.rooms.has(FULL)) {
    counters.dropped += 1;
    return;
  }
  counters.sent += 1;
  socket.emit(type, message);
}

const refuse = (socket, code) => reply(socket, 'error', { code });

const PADDING_FIELD_BYTES = ',"padding":""'.length;
const EVENT_BYTES = '42["message",]'.length;

/** Socket.IO writes the packet: blanks can only stand in a field of their own. */
function padded(message) {
  if (deliveryBytes === 0) return message;
  const bytes = EVENT_BYTES + PADDING_FIELD_BYTES + Buffer.byteLength(JSON.stringify(message));
  return bytes > deliveryBytes
    ? message
    : { ...message, padding: ' '.repeat(deliveryBytes - bytes) };
}

function broadcast(room, text) {
  const name = nameOf(room);
  const { rooms } = io.sockets.adapter;
  const members = rooms.get(name);
  let full = 0;
  for (const id of rooms.get(FULL) ?? []) if (members.has(id)) full += 1;
  counters.dropped += full;
  counters.sent += members.size - full;
  io.to(name).except(FULL).emit('message', padded({ room, text }));
}

/** Token bucket: a second's worth at once. */
function mayChat(socket) {
  if (rateLimit === 0) return true;
  const now_ms = performance.now();
  const earned = ((now_ms - socket.data.filled_ms) * rateLimit) / 1_000;
  socket.data.tokens = Math.min(rateLimit, socket.data.tokens + earned);
  socket.data.filled_ms = now_ms;
  if (socket.data.tokens < 1) return false;
  socket.data.tokens -= 1;
  return true;
}

const HANDLERS = {
  ping(socket, { id }) {
    reply(socket, 'pong', { id });
  },
  join(socket, { room }) {
    if (typeof room !== 'string') return refuse(socket, 'invalid_field');
    socket.join(nameOf(room));
    reply(socket, 'joined', { room });
  },
  chat(socket, { room, text }) {
    if (typeof room !== 'string') return refuse(socket, 'invalid_field');
    if (!socket.rooms.has(nameOf(room))) return refuse(socket, 'not_joined');
    if (typeof text !== 'string') return refuse(socket, 'invalid_field');
    if (!mayChat(socket)) {
      counters.rate_limited += 1;
      return refuse(socket, 'rate_limited');
    }
    broadcast(room, text);
  },
  leave(socket, { room }) {
    if (typeof room !== 'string') return refuse(socket, 'invalid_field');
    if (!socket.rooms.has(nameOf(room))) return refuse(socket, 'not_joined');
    socket.leave(nameOf(room));
    reply(socket, 'left', { room });
  },
};

io.on('connection', (socket) => {
  socket.data.tokens = rateLimit;
  socket.data.filled_ms = performance.now();
  watchQueue(socket);
  for (const [type, handle] of Object.entries(HANDLERS)) {
    socket.on(type, (message) => {
      if (typeof message === 'object' && message !== null) handle(socket, message);
      else refuse(socket, 'malformed');
    });
  }
  socket.onAny((type) => {
    counters.received += 1;
    if (!Object.hasOwn(HANDLERS, type)) refuse(socket, 'unknown_type');
  });
});

// Bursts of connections wait for their turn instead of being turned away.
http.listen({ host: values.host, port: Number(values.port), backlog: 4_096 }, () => {
  console.error(JSON.stringify({ port: http.address().port, msg: 'listening' }));
});

process.once('SIGTERM', () => process.exit(0));
