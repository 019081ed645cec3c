import { expect, test } from 'bun:test';
import pino from 'pino';
import type { ConnectLog } from '../../server/app.ts';
import { MemoryLog } from '../../server/log/memory.ts';
import { OPCODE } from '../support/frames.ts';
import { exchange, RawSocket, upgradeRequest } from '../support/raw_socket.ts';
import { serve, serveAlone, statsOf } from '../support/serve.ts';
import { startServer } from '../support/server.ts';

/** What must not turn up anywhere but where it was sent to. */
const TEXT = 'the-text-of-a-private-message';
const TOKEN = 'r1.the-token-of-somebody.else';
const STACK = /\bat [^ ]+ \(|\.ts:\d+|node_modules|Error:/;

/** Requests of every kind that end in an error, each with something in it that is nobody's business. */
const FAILING: readonly object[] = [
  { type: 'message', room: 'not joined', text: TEXT },
  { type: 'message', room: 'lobby', text: TEXT.repeat(2_000) },
  { type: 'message', room: 'lobby', text: TEXT, id: TEXT.repeat(3) },
  { type: 'message', room: 'lobby', text: [TEXT] },
  { type: TEXT },
  { type: 'auth', token: TOKEN },
  { type: 'auth', token: [TOKEN] },
  { type: 'join', room: 'lobby', since: TEXT },
  { type: 'typing', room: 'lobby', status: TEXT },
  { type: 'history', room: 'lobby', limit: TEXT },
];

test('row 38: no error told to a client has a token, a message text or a stack in it', async () => {
  await using server = serve({ rate_limit: 0 });
  using member = await RawSocket.join(server.port, 'lobby');
  let told = '';
  for (const request of FAILING) {
    using peer = await RawSocket.join(server.port, 'lobby');
    peer.send(request);
    const { id: _echoed, ...error } = await peer.receive('error');
    told += JSON.stringify(error);
  }
  using peer = await RawSocket.join(server.port, 'lobby');
  for (const payload of [`{"type":"message","text":"${TEXT}`, `["${TOKEN}"]`]) {
    peer.writeFrames({ opcode: OPCODE.text, payload });
    told += JSON.stringify(await peer.receive('error'));
  }
  for (const request of [
    { path: `/ws?token=${TOKEN}` },
    { path: `/ws?token=${TOKEN}`, headers: { host: 'a b' } },
    { path: `/ws?token=${TOKEN}`, headers: { 'sec-websocket-version': '1' } },
    { path: `/nothing?token=${TOKEN}` },
  ]) {
    told += (await exchange(server.port, upgradeRequest(request))).body;
  }
  expect(told.length).toBeGreaterThan(1_000);
  for (const secret of [TEXT, TOKEN, STACK]) expect(told).not.toMatch(secret);
  await member.roundTrip();
  expect(JSON.stringify(member.takeAll())).not.toContain(TEXT);
});

test('row 38: at its most talkative, the server logs no token and no message text', async () => {
  await using server = await serveAlone({ log_level: 'debug', rate_limit: 0 });
  using member = await RawSocket.join(server.port, 'lobby', { path: '/ws?name=member' });
  member.send({ type: 'message', text: TEXT, id: 'm1' });
  await member.receive('ack');
  using welcomed = await RawSocket.upgrade(server.port);
  const { session } = await welcomed.receive('welcome');
  for (const path of [`/ws?token=${session}`, `/ws?token=${TOKEN}`, `/stats?token=${TOKEN}`]) {
    for (const host of ['localhost', 'a b', 'localhost:99999', '%', '']) {
      await exchange(server.port, upgradeRequest({ path, headers: { host } }));
    }
  }
  for (const request of FAILING) {
    using peer = await RawSocket.join(server.port, 'lobby');
    peer.send(request);
    await peer.receive('error');
  }
  const seen = `${JSON.stringify(await statsOf(server))}${await (await fetch(`${server.http}/metrics`)).text()}`;
  await server.stop();
  const log = server.log();
  expect(log).toContain('listening');
  for (const secret of [TEXT, TOKEN, session, 'a secret for tests only', 'member']) {
    expect(log).not.toContain(secret);
    if (secret !== 'member') expect(seen).not.toContain(secret);
  }
});

test('row 38: what is logged of a failure names neither the message nor the client', async () => {
  const lines: string[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => lines.push(line) });
  const faulty: ConnectLog = (sink) => {
    const log = new MemoryLog(sink, { idempotency_ids_max: 1 });
    log.submit = () => {
      throw new Error('a defect');
    };
    return log;
  };
  const app = startServer({}, faulty, logger);
  try {
    using peer = await RawSocket.join(app.port, 'lobby', { path: '/ws?name=somebody' });
    peer.send({ type: 'message', text: TEXT, id: 'the-id' });
    expect((await peer.ended()).code).toBe(1011);
  } finally {
    await app.stop();
  }
  const logged = lines.join('');
  expect(logged).toContain('a defect');
  for (const secret of [TEXT, 'the-id', 'somebody']) expect(logged).not.toContain(secret);
});
