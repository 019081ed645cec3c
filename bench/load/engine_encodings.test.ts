import { afterEach, describe, expect, test } from 'bun:test';
import type { ServerWebSocket } from 'bun';
import { pack, unpack } from 'msgpackr';
import { hubbub, startServer } from '../process/server.ts';
import { type Encoding, NativeLoadEngine } from './engine.ts';
import { buildEngine, missingForEngine } from './engine_build.ts';
import type { Target, TrafficReport } from './port.ts';

/** The native load engine in encodings that the TypeScript client does not speak. */

const missing = missingForEngine();
// Out here, because a compiler takes longer than a test may.
const program = missing.length === 0 ? await buildEngine() : '';
const suite =
  missing.length === 0 ? 'the native engine' : `the native engine [needs ${missing.join(' and ')}]`;

const MEMBERS = 3;
const MESSAGES = 100;
const LOST = MESSAGES / 10;

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

async function runAgainst(target: Target, encoding?: Encoding): Promise<TrafficReport> {
  const engine = new NativeLoadEngine(program, 0);
  cleanups.push(() => engine.stop());
  const crowd = { target, members: MEMBERS, rooms: 1, timeout_ms: 10_000 };
  const report = await engine.connect(encoding === undefined ? crowd : { ...crowd, encoding });
  expect(report).toMatchObject({ joined: MEMBERS, failed: 0 });
  return engine.run({
    rate: 400,
    senders: 2,
    payload_bytes: 128,
    warmup_ms: 0,
    duration_ms: (MESSAGES * 1_000) / 400,
  });
}

type Frame = string | Buffer;
type Socket = ServerWebSocket<undefined>;

interface Words {
  greet?(socket: Socket): void;
  /** @returns undefined when it was about the protocol alone, and has been answered */
  read(socket: Socket, frame: Frame): { type: string; room: string; text: string } | undefined;
  joined(room: string): Frame;
  message(room: string, text: string, nth: number): Frame;
}

/** A room server that drops every tenth message for the member who joined second. */
function startRoom({ greet, read, joined, message }: Words): Target {
  const members: Socket[] = [];
  let count = 0;
  const server = Bun.serve<undefined, never>({
    hostname: '127.0.0.1',
    port: 0,
    fetch: (request, self) => (self.upgrade(request) ? undefined : new Response('no')),
    websocket: {
      open: (socket) => greet?.(socket),
      message(socket, frame) {
        const said = read(socket, frame);
        if (said === undefined) return;
        if (said.type === 'join') {
          members.push(socket);
          socket.send(joined(said.room));
          return;
        }
        const out = message(said.room, said.text, count);
        count += 1;
        for (const [index, member] of members.entries()) {
          if (index !== 1 || count % 10 !== 0) member.send(out);
        }
      },
    },
  });
  cleanups.push(() => server.stop(true));
  return { hostname: '127.0.0.1', port: server.port ?? 0, path: '/ws' };
}

const ONE_FAULT = {
  sent: MESSAGES,
  expected_deliveries: MESSAGES * MEMBERS,
  deliveries: MESSAGES * MEMBERS - LOST,
  lost: LOST,
  duplicated: 0,
  reordered: 0,
  foreign: 0,
  disconnected: 0,
};

describe.skipIf(missing.length > 0)(suite, () => {
  test('MessagePack as a library writes and reads it', async () => {
    const target = startRoom({
      read: (_socket, frame) => unpack(frame as Buffer),
      joined: (room) => pack({ type: 'joined', room, users: [{ user_id: 'u' }], since: 2 ** 40 }),
      message: (room, text, nth) =>
        pack({ type: 'message', from: 'ö', room, text, timestamp: 1.8e12, offset: nth + 2 ** 33 }),
    });
    const report = await runAgainst(target, 'msgpack');
    expect(report).toMatchObject({ ...ONE_FAULT, gaps: LOST - 1 });
    expect(report.window.bytes / report.window.deliveries).toBeGreaterThan(100);
  });

  test('Socket.IO with its own handshake and pings', async () => {
    let ponged = 0;
    const event = (name: string, body: object): string => `42${JSON.stringify([name, body])}`;
    const target = startRoom({
      greet: (socket) => socket.send('0{"sid":"a","upgrades":[],"pingInterval":25000}'),
      read(socket, frame) {
        const packet = String(frame);
        if (packet === '3') ponged += 1;
        if (packet === '40') {
          socket.send('40{"sid":"b"}');
          socket.send('2');
        }
        if (!packet.startsWith('42')) return undefined;
        const [type, body] = JSON.parse(packet.slice(2));
        return { ...body, type };
      },
      joined: (room) => event('joined', { room }),
      message: (room, text) => event('message', { room, text }),
    });
    expect(await runAgainst(target, 'socket.io')).toMatchObject({ ...ONE_FAULT, gaps: 0 });
    expect(ponged).toBe(MEMBERS);
  });

  test('a frame of another encoding ends the connection', async () => {
    const target = startRoom({
      read: (_socket, frame) => JSON.parse(String(frame)),
      joined: (room) => JSON.stringify({ type: 'joined', room }),
      message: (room, text) => pack({ type: 'message', room, text }),
    });
    expect(await runAgainst(target)).toMatchObject({ deliveries: 0, disconnected: MEMBERS });
  });

  test('Hubbub in MessagePack, chosen by its subprotocol', async () => {
    const flags = ['--rate-limit', '0'];
    const plan = hubbub({ encoding: 'json', hub: 'script', workers: 1, cpus: [0], flags });
    const server = await startServer(plan);
    cleanups.push(() => server.stop());
    const subprotocol = 'hubbub.v1.msgpack';
    const target = { hostname: '127.0.0.1', port: server.port, path: '/ws', subprotocol };
    expect(await runAgainst(target)).toMatchObject({
      sent: MESSAGES,
      deliveries: MESSAGES * MEMBERS,
      lost: 0,
      foreign: 0,
      gaps: 0,
      orders: 1,
    });
  });
});
