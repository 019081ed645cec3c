import { expect, test } from 'bun:test';
import { eventually } from '../support/eventually.ts';
import { OPCODE } from '../support/frames.ts';
import { holdLog } from '../support/held_log.ts';
import { RawSocket } from '../support/raw_socket.ts';
import {
  countersOf,
  descriptorsOf,
  serve,
  serveAlone,
  statsOf,
  totalsOf,
} from '../support/serve.ts';

const { continuation, text } = OPCODE;

/** Past every timeout in here; the tests of this file wait side by side. */
const DEADLINE_MS = 25_000;

const SILENT: Readonly<Record<string, readonly [first: string, trickle?: string]>> = {
  'that says nothing': [''],
  'that stops within its header': ['GET /ws HTTP/1.1\r\nHost: loc'],
  'that trickles one long header': ['GET /ws HTTP/1.1\r\nX-Slow: ', 'x'],
  'that trickles header after header': ['GET /ws HTTP/1.1\r\n', 'X-Slow: x\r\n'],
};

for (const [name, [first, trickle]] of Object.entries(SILENT)) {
  const title = `row 9: a connection ${name} is closed`;
  const body = async (): Promise<void> => {
    await using server = serve();
    using peer = await RawSocket.connect(server.port);
    peer.write(first);
    const timer = trickle && setInterval(() => peer.write(trickle), 400);
    try {
      expect((await peer.ended(DEADLINE_MS)).code).toBeUndefined();
    } finally {
      clearInterval(timer);
    }
    using next = await RawSocket.upgrade(server.port);
    await next.roundTrip();
  };
  test.concurrent(title, body, DEADLINE_MS);
}

const KEEPALIVE = { ping_interval_ms: 1_000, pong_timeout_ms: 1_000 };

/** Ways to be gone without a word. */
const GONE: Readonly<Record<string, (peer: RawSocket) => NodeJS.Timeout | undefined>> = {
  'answers nothing': () => undefined,
  'does not even read': (peer) => {
    peer.stall();
    return undefined;
  },
  'sends nothing but empty fragments': (peer) => {
    peer.writeFrames({ opcode: text, fin: false });
    return setInterval(() => peer.writeFrames({ opcode: continuation, fin: false }), 50);
  },
};

for (const [name, goSilent] of Object.entries(GONE)) {
  const title = `row 20: a peer that ${name} is cut although it is sent to, and the room is told`;
  const body = async (): Promise<void> => {
    await using server = serve({ ...KEEPALIVE, rate_limit: 0 });
    using member = await RawSocket.join(server.port, 'lobby', { path: '/ws?name=member' });
    member.answerPings();
    using peer = await RawSocket.join(server.port, 'lobby', { path: '/ws?name=peer' });
    expect(await member.receive('presence')).toMatchObject({ user: 'member', status: 'online' });
    expect(await member.receive('presence')).toMatchObject({ user: 'peer', status: 'online' });
    const silence = goSilent(peer);
    const sending = setInterval(() => member.send({ type: 'message', text: 'x' }), 100);
    try {
      expect(await member.receive('presence')).toMatchObject({ user: 'peer', status: 'offline' });
    } finally {
      clearInterval(silence);
      clearInterval(sending);
    }
    peer.readOn();
    expect((await peer.ended()).code).toBeUndefined();
    expect(countersOf(server.stats()).closed).toEqual({ keepalive: 1 });
    expect(totalsOf(server.stats()).hub.members).toBe(1);
  };
  test.concurrent(title, body, DEADLINE_MS);
}

test.concurrent(
  'row 20: a peer that answers pings, and one that only talks, stay',
  async () => {
    await using server = serve({ ...KEEPALIVE, command_rate_limit: 0 });
    using answering = await RawSocket.upgrade(server.port);
    answering.answerPings();
    using talking = await RawSocket.upgrade(server.port);
    const talk = setInterval(() => talking.send({ type: 'ping' }), 200);
    using silent = await RawSocket.upgrade(server.port);
    try {
      for (let pings = 0; pings < 4; pings += 1) await answering.receivePing();
    } finally {
      clearInterval(talk);
    }
    expect(silent.isEnded).toBe(true);
    await Promise.all([answering.roundTrip(), talking.roundTrip()]);
    expect(countersOf(server.stats()).closed).toEqual({ keepalive: 1 });
  },
  DEADLINE_MS,
);

test.concurrent(
  'row 20: a peer that is not read from, because the log is slow, is not taken for dead',
  async () => {
    const log = holdLog(10);
    await using server = serve({ ...KEEPALIVE, publishes_in_flight_max: 1 }, log.connect);
    using publisher = await RawSocket.join(server.port, 'lobby');
    publisher.answerPings();
    publisher.send({ type: 'message', text: 'held', id: 'm1' });
    using silent = await RawSocket.upgrade(server.port);
    await silent.ended();
    using silent_too = await RawSocket.upgrade(server.port);
    await silent_too.ended();
    log.release();
    expect(await publisher.receive('ack')).toMatchObject({ id: 'm1' });
    await publisher.roundTrip();
    expect(countersOf(server.stats()).closed).toEqual({ keepalive: 2 });
  },
  DEADLINE_MS,
);

test.concurrent(
  'row 22: a reader that never reads on costs no descriptor for long',
  async () => {
    await using server = await serveAlone({ rate_limit: 0 });
    using publisher = await RawSocket.join(server.port, 'lobby');
    using reader = await RawSocket.join(server.port, 'lobby');
    // Counted while both are here: what a server opens with its first connection stays open.
    const withoutBoth = descriptorsOf(server) - 2;
    reader.stall();
    const text = 'x'.repeat(16_000);
    await eventually('the reader is let go', async () => {
      publisher.send(...Array.from({ length: 32 }, () => ({ type: 'message', text })));
      await publisher.roundTrip();
      publisher.takeAll();
      return totalsOf(await statsOf(server)).connections === 1;
    });
    publisher[Symbol.dispose]();
    await eventually(
      'its descriptor is free',
      () => descriptorsOf(server) <= withoutBoth,
      DEADLINE_MS,
    );
  },
  2 * DEADLINE_MS,
);
