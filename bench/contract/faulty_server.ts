import type { ServerWebSocket } from 'bun';

/** What is wrong with a server, on purpose. */
export type Fault =
  | 'joins-another-room'
  | 'drops'
  | 'skips-the-sender'
  | 'duplicates'
  | 'invents'
  | 'reorders-for-one'
  | 'reorders-for-all'
  | 'leaks-across-rooms'
  | 'leaks-to-strangers'
  | 'no-pong'
  | 'pong-without-id'
  | 'ignores-leave'
  | 'publishes-for-strangers'
  | 'no-limit'
  | 'one-limit-for-all'
  | 'never-refills'
  | 'always-limits'
  | 'echoes-nothing-when-empty'
  | 'echoes-text-cut'
  | 'echoes-bytes-as-text'
  | 'echoes-bytes-changed'
  | 'echoes-to-others'
  | 'echoes-twice'
  | 'closes-on-nonsense'
  | 'silent-on-nonsense'
  | 'ends-take-others-along'
  | 'few-connections'
  | 'keeps-everything'
  | 'no-keepalive'
  | 'cuts-everybody'
  | 'no-counters'
  | 'miscounts';

interface Client {
  readonly isEcho: boolean;
  isAlive: boolean;
  tokens: number;
}

type Peer = ServerWebSocket<Client>;

export interface FaultyServer extends AsyncDisposable {
  readonly url: string;
}

const RATE_MS = 100;

interface FaultyOptions {
  /** Messages at once; one more each 100 ms. 0 = no limit. */
  readonly rate_limit?: number;
  readonly ping_interval_ms?: number;
}

/** A server that keeps the contract, but for one thing. */
export function startFaulty(fault?: Fault, options: FaultyOptions = {}): FaultyServer {
  const { rate_limit = 0, ping_interval_ms = 30_000 } = options;
  const rooms = new Map<string, Set<Peer>>();
  const sockets = new Set<Peer>();
  const held = new Map<Peer, string>();
  const counters = { connections: 0, received: 0, sent: 0, dropped: 0, rate_limited: 0 };
  const shared = { tokens: rate_limit };
  let published = 0;

  const send = (socket: Peer, message: object): void => {
    counters.sent += fault === 'miscounts' ? 2 : 1;
    socket.send(JSON.stringify(message));
  };
  const error = (socket: Peer, code: string): void => send(socket, { type: 'error', code });

  /** Two messages change places where they are held back. */
  const sendSwapped = (socket: Peer, text: string): void => {
    const before = held.get(socket);
    if (before === undefined) {
      held.set(socket, text);
      return;
    }
    held.delete(socket);
    socket.send(text);
    socket.send(before);
  };

  function publish(sender: Peer, room: string, text: string): void {
    published += 1;
    const members = fault === 'leaks-across-rooms' ? sockets : (rooms.get(room) ?? []);
    const all = fault === 'leaks-to-strangers' ? new Set([...members, ...sockets]) : members;
    let index = 0;
    for (const member of all) {
      index += 1;
      if (member.data.isEcho) continue;
      if (fault === 'skips-the-sender' && member === sender) continue;
      if (fault === 'drops' && (published + index) % 13 === 0) continue;
      const frame = JSON.stringify({ type: 'message', room, text });
      counters.sent += 1;
      if (fault === 'reorders-for-all' || (fault === 'reorders-for-one' && index === 2)) {
        sendSwapped(member, frame);
        continue;
      }
      member.send(frame);
      if (fault === 'duplicates' && published % 10 === 0) member.send(frame);
      if (fault === 'invents' && published === 5) {
        member.send(JSON.stringify({ type: 'message', room, text: 'nobody said this' }));
      }
    }
  }

  function mayChat({ data }: Peer): boolean {
    if (fault === 'always-limits') return published < 30;
    if (rate_limit === 0 || fault === 'no-limit') return true;
    const bucket = fault === 'one-limit-for-all' ? shared : data;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  function nonsense(socket: Peer, code: string): void {
    if (fault === 'closes-on-nonsense') socket.close(1008);
    else if (fault !== 'silent-on-nonsense') error(socket, code);
  }

  function handle(socket: Peer, frame: string): void {
    let message: { type?: unknown; room?: unknown; text?: unknown; id?: unknown };
    try {
      message = JSON.parse(frame);
    } catch {
      nonsense(socket, 'malformed');
      return;
    }
    const { type, room, text, id } = message;
    if (type === 'ping') {
      if (fault !== 'no-pong') {
        send(socket, { type: 'pong', ...(fault === 'pong-without-id' ? undefined : { id }) });
      }
    } else if (type !== 'join' && type !== 'leave' && type !== 'chat') {
      nonsense(socket, 'unknown_type');
    } else if (typeof room !== 'string') {
      nonsense(socket, 'invalid_field');
    } else {
      inRoom(socket, type, room, text);
    }
  }

  function inRoom(socket: Peer, type: 'join' | 'leave' | 'chat', room: string, text: unknown) {
    const members = rooms.get(room) ?? new Set<Peer>();
    if (type === 'join') {
      rooms.set(room, members.add(socket));
      send(socket, { type: 'joined', room: fault === 'joins-another-room' ? 'another' : room });
    } else if (!members.has(socket)) {
      if (fault === 'publishes-for-strangers') publish(socket, room, String(text));
      error(socket, 'not_joined');
    } else if (type === 'leave') {
      if (fault !== 'ignores-leave') members.delete(socket);
      send(socket, { type: 'left', room });
    } else if (typeof text !== 'string') {
      nonsense(socket, 'invalid_field');
    } else if (!mayChat(socket)) {
      error(socket, 'rate_limited');
    } else {
      publish(socket, room, text);
    }
  }

  function echo(socket: Peer, frame: string | Buffer): void {
    if (frame.length === 0 && fault === 'echoes-nothing-when-empty') return;
    if (typeof frame === 'string') {
      const others = [...sockets].filter((one) => one.data.isEcho && one !== socket);
      const to = fault === 'echoes-to-others' ? (others[0] ?? socket) : socket;
      to.send(fault === 'echoes-text-cut' ? frame.slice(0, 100) : frame);
      if (fault === 'echoes-twice') to.send(frame);
    } else if (fault === 'echoes-bytes-as-text') {
      socket.send(frame.toString('latin1'));
    } else {
      if (fault === 'echoes-bytes-changed' && frame.length > 1) frame[1] = (frame[1] ?? 0) ^ 1;
      socket.send(frame);
    }
  }

  const server = Bun.serve<Client>({
    hostname: '127.0.0.1',
    port: 0,
    fetch(request, self) {
      const { pathname } = new URL(request.url);
      if (pathname === '/stats' && fault !== 'no-counters') return Response.json(counters);
      if (fault === 'few-connections' && sockets.size >= 10) {
        return new Response('Full.\n', { status: 503 });
      }
      const data = { isEcho: pathname === '/echo', isAlive: true, tokens: rate_limit };
      return self.upgrade(request, { data }) ? undefined : new Response('', { status: 404 });
    },
    websocket: {
      idleTimeout: 0,
      maxPayloadLength: 2 * 1024 * 1024,
      backpressureLimit: fault === 'keeps-everything' ? 0 : 1024 * 1024,
      open(socket) {
        counters.connections += 1;
        sockets.add(socket);
      },
      close(socket) {
        counters.connections -= 1;
        sockets.delete(socket);
        for (const members of rooms.values()) members.delete(socket);
        if (fault !== 'ends-take-others-along') return;
        for (const other of sockets) other.terminate();
      },
      pong(socket) {
        socket.data.isAlive = fault !== 'cuts-everybody';
      },
      message(socket, frame) {
        counters.received += 1;
        if (socket.data.isEcho) echo(socket, frame);
        else handle(socket, String(frame));
      },
    },
  });
  const pinging = setInterval(() => {
    if (fault === 'no-keepalive') return;
    for (const socket of sockets) {
      if (!socket.data.isAlive) socket.terminate();
      socket.data.isAlive = false;
      socket.ping();
    }
  }, ping_interval_ms);
  const filling = setInterval(() => {
    if (fault === 'never-refills') return;
    for (const { data } of sockets) data.tokens = Math.min(rate_limit, data.tokens + 1);
    shared.tokens = Math.min(rate_limit, shared.tokens + 1);
  }, RATE_MS);
  return {
    url: `ws://127.0.0.1:${server.port}/ws`,
    async [Symbol.asyncDispose]() {
      clearInterval(pinging);
      clearInterval(filling);
      await server.stop(true);
    },
  };
}
