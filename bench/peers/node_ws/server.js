/**
 * A chat room on Node.js and `ws`, as its README shows broadcasting and the detection of dead
 * connections, with a limit on what waits for a client.
 */
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { WebSocket, WebSocketServer } from 'ws';

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
/** The contract's queue of 64 messages, in bytes: 64 of the longest text. */
const QUEUE_BYTES_MAX = 1024 * 1024;

const counters = { connections: 0, received: 0, sent: 0, dropped: 0, rate_limited: 0 };

/** @type {Map<string, Set<WebSocket>>} */
const rooms = new Map();

function trySend(socket, data, options) {
  if (socket.readyState !== WebSocket.OPEN) return;
  if (socket.bufferedAmount > QUEUE_BYTES_MAX) {
    counters.dropped += 1;
    return;
  }
  counters.sent += 1;
  socket.send(data, options);
}

const reply = (socket, message) => trySend(socket, JSON.stringify(message));
const refuse = (socket, code) => reply(socket, { type: 'error', code });

function broadcast(members, message) {
  // Blanks behind a JSON value mean nothing to its reader: they stand in for fields.
  const data = Buffer.from(JSON.stringify(message).padEnd(deliveryBytes));
  for (const member of members) trySend(member, data, { binary: false });
}

function leave(socket, room) {
  const members = rooms.get(room);
  members.delete(socket);
  if (members.size === 0) rooms.delete(room);
  socket.rooms.delete(room);
}

/** Token bucket: a second's worth at once. */
function mayChat(socket) {
  if (rateLimit === 0) return true;
  const now_ms = performance.now();
  const earned = ((now_ms - socket.filled_ms) * rateLimit) / 1_000;
  socket.tokens = Math.min(rateLimit, socket.tokens + earned);
  socket.filled_ms = now_ms;
  if (socket.tokens < 1) return false;
  socket.tokens -= 1;
  return true;
}

function parse(data) {
  try {
    const message = JSON.parse(data);
    return typeof message === 'object' ? message : null;
  } catch {
    return null;
  }
}

const IN_ROOMS = ['join', 'chat', 'leave'];

function handle(socket, message) {
  if (message === null) return refuse(socket, 'malformed');
  const { type, room, text, id } = message;
  if (type === 'ping') return reply(socket, { type: 'pong', id });
  if (!IN_ROOMS.includes(type)) return refuse(socket, 'unknown_type');
  if (typeof room !== 'string') return refuse(socket, 'invalid_field');
  if (type === 'join') {
    if (!rooms.has(room)) rooms.set(room, new Set());
    rooms.get(room).add(socket);
    socket.rooms.add(room);
    return reply(socket, { type: 'joined', room });
  }
  if (!socket.rooms.has(room)) return refuse(socket, 'not_joined');
  if (type === 'leave') {
    leave(socket, room);
    return reply(socket, { type: 'left', room });
  }
  if (typeof text !== 'string') return refuse(socket, 'invalid_field');
  if (!mayChat(socket)) {
    counters.rate_limited += 1;
    return refuse(socket, 'rate_limited');
  }
  broadcast(rooms.get(room), { type: 'message', room, text });
}

const options = { noServer: true, perMessageDeflate: false, maxPayload: PAYLOAD_BYTES_MAX };
const chats = new WebSocketServer(options);
const echoes = new WebSocketServer(options);

chats.on('connection', (socket) => {
  socket.rooms = new Set();
  socket.tokens = rateLimit;
  socket.filled_ms = performance.now();
  socket.on('message', (data) => handle(socket, parse(data)));
  socket.on('close', () => {
    for (const room of socket.rooms) leave(socket, room);
  });
});

echoes.on('connection', (socket) => {
  socket.on('message', (data, binary) => trySend(socket, data, { binary }));
});

for (const server of [chats, echoes]) {
  server.on('connection', (socket) => {
    counters.connections += 1;
    socket.isAlive = true;
    socket.on('pong', () => {
      socket.isAlive = true;
    });
    socket.on('message', () => {
      counters.received += 1;
    });
    // A client that breaks the protocol; `ws` closes the connection itself.
    socket.on('error', () => {});
    socket.on('close', () => {
      counters.connections -= 1;
    });
  });
}

setInterval(() => {
  for (const { clients } of [chats, echoes]) {
    for (const socket of clients) {
      if (!socket.isAlive) {
        socket.terminate();
        continue;
      }
      socket.isAlive = false;
      socket.ping();
    }
  }
}, pingInterval_ms);

const http = createServer((request, response) => {
  if (request.url !== '/stats') return response.writeHead(404).end('Not here.\n');
  response.setHeader('Content-Type', 'application/json').end(JSON.stringify(counters));
});

http.on('upgrade', (request, socket, head) => {
  const server = { '/ws': chats, '/echo': echoes }[request.url];
  if (server === undefined) return socket.end('HTTP/1.1 404 Not Found\r\n\r\n');
  server.handleUpgrade(request, socket, head, (webSocket) => {
    server.emit('connection', webSocket, request);
  });
});

// Bursts of connections wait for their turn instead of being turned away.
http.listen({ host: values.host, port: Number(values.port), backlog: 4_096 }, () => {
  console.error(JSON.stringify({ port: http.address().port, msg: 'listening' }));
});

process.once('SIGTERM', () => process.exit(0));
