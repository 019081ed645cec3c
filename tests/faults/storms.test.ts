import { expect, test } from 'bun:test';
import { eventually } from '../support/eventually.ts';
import { closeFrame, OPCODE } from '../support/frames.ts';
import type { ServerProcess } from '../support/process.ts';
import { RawSocket, upgradeRequest } from '../support/raw_socket.ts';
import { descriptorsOf, serve, serveAlone, statsOf, totalsOf } from '../support/serve.ts';

// On a busy machine these take longer than Bun gives a test by itself.
const TEST_DEADLINE_MS = 60_000;

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);

/** Waits until nobody is connected. @returns what the server has counted by then */
const deserted = (server: ServerProcess): Promise<ReturnType<typeof totalsOf>> =>
  eventually('everybody has gone', async () => {
    const worker = totalsOf(await statsOf(server));
    return worker.connections === 0 && worker;
  });

async function residentBytes(server: ServerProcess): Promise<number> {
  const metrics = await (await fetch(`${server.http}/metrics`)).text();
  return Number(/^hubbub_resident_memory_bytes (\S+)$/m.exec(metrics)?.[1]);
}

/** Ways to go, from the polite to the sudden. */
const DEPARTURES: readonly ((peer: RawSocket) => void)[] = [
  (peer) => peer.reset(),
  (peer) => peer.halfClose(),
  (peer) => peer[Symbol.dispose](),
  (peer) => peer.write(closeFrame(1000)),
  (peer) => {
    peer.writeFrames({ opcode: OPCODE.text, claimed_bytes: 1_000n, payload: '{"type"' });
    peer.reset();
  },
  (peer) => {
    peer.send({ type: 'message', text: 'last words' }, { type: 'leave' });
    peer.reset();
  },
  (peer) => peer.writeFrames({ opcode: OPCODE.text, payload: 'x', masked: false }),
  (peer) => {
    peer.stall();
    peer.halfClose();
  },
];

test('row 21: however a connection ends, its close is handled once and its room is told', async () => {
  await using server = serve();
  using member = await RawSocket.join(server.port, 'lobby');
  for (const [n, depart] of DEPARTURES.entries()) {
    using peer = await RawSocket.join(server.port, 'lobby', { path: `/ws?name=peer${n}` });
    await eventually('the arrival is announced', () => isTold(member, `peer${n}`, 'online'));
    depart(peer);
    await eventually('the departure is announced', () => isTold(member, `peer${n}`, 'offline'));
  }
  const worker = totalsOf(server.stats());
  expect(worker).toMatchObject({ connections: 1, hub: { members: 1 } });
  expect(worker.counters.connections_opened).toBe(1 + DEPARTURES.length);
  expect(sum(worker.counters.closed)).toBe(DEPARTURES.length);
  expect(worker.counters.handler_failures).toBe(0);
});

const isTold = (member: RawSocket, user: string, status: string): boolean =>
  member
    .takeAll()
    .some(
      (told) =>
        told.type === 'presence' && 'user' in told && told.user === user && told.status === status,
    );

test('row 21: connections cut before, in and right after their handshake leave nothing behind', async () => {
  await using server = serve();
  const handshake = upgradeRequest({ path: '/ws?room=lobby' });
  for (let length = 0; length <= handshake.length; length += 7) {
    using peer = await RawSocket.connect(server.port);
    peer.write(handshake.slice(0, length));
    peer.reset();
  }
  const whole = await Promise.all(Array.from({ length: 50 }, () => RawSocket.connect(server.port)));
  for (const peer of whole) {
    peer.write(handshake);
    peer.halfClose();
  }
  await Promise.all(whole.map((peer) => peer.ended()));
  using next = await RawSocket.join(server.port, 'lobby');
  await next.roundTrip();
  await eventually('only one is left', () => totalsOf(server.stats()).connections === 1);
  const { counters, hub } = totalsOf(server.stats());
  expect(hub.members).toBe(1);
  expect(sum(counters.closed)).toBe(counters.connections_opened - 1);
  expect(counters.handler_failures).toBe(0);
});

const CROWD = 10_000;
const WAVES = 3;

test(
  'row 21: 10,000 come and are cut at once, again and again: every count returns, and so does memory',
  async () => {
    await using server = await serveAlone();
    const resident: number[] = [];
    for (let wave = 1; wave <= WAVES; wave += 1) {
      const peers = await Promise.all(
        Array.from({ length: CROWD }, (_, n) => RawSocket.connect(server.port, sourceOf(n))),
      );
      for (const [n, peer] of peers.entries()) {
        peer.write(upgradeRequest({ path: `/ws?room=room${n % 1_000}` }));
      }
      for (const peer of peers) expect((await peer.answer()).status).toBe(101);
      expect(totalsOf(await statsOf(server))).toMatchObject({
        connections: CROWD,
        hub: { members: CROWD },
      });
      for (const [n, peer] of peers.entries()) {
        if (n % 2 === 0) peer.reset();
        else peer[Symbol.dispose]();
      }
      const worker = await deserted(server);
      expect(worker).toMatchObject({ publishes_in_flight: 0, hub: { members: 0, rooms: 1_000 } });
      expect(worker.counters).toMatchObject({
        connections_opened: wave * CROWD,
        closed: { connection_lost: wave * CROWD },
        handler_failures: 0,
      });
      resident.push(await residentBytes(server));
    }
    const [first = 0, ...later] = resident;
    expect(Math.min(...later)).toBeLessThan(first * 1.3);
  },
  TEST_DEADLINE_MS,
);

/** Few ports wait for their time on each of many addresses, so that the test can be run again at once. */
const sourceOf = (n: number): string => `127.0.${1 + (n % 40)}.1`;

/** Far fewer than a process usually has; the server keeps 128 of them for itself. */
const DESCRIPTORS = 200;
const CONNECTIONS_MAX = DESCRIPTORS - 128;
const FEW_DESCRIPTORS = ['prlimit', `--nofile=${DESCRIPTORS}:${DESCRIPTORS}`];

const joinAll = (server: ServerProcess, count: number): Promise<RawSocket[]> =>
  Promise.all(Array.from({ length: count }, () => RawSocket.join(server.port, 'lobby')));

test('row 32: before descriptors run out, new ones are refused with 503 and old ones are served', async () => {
  await using server = await serveAlone({}, FEW_DESCRIPTORS);
  const members = await joinAll(server, CONNECTIONS_MAX);
  const refused = await Promise.all(
    Array.from({ length: 30 }, async () => {
      using peer = await RawSocket.connect(server.port);
      peer.write(upgradeRequest({}));
      return await peer.answer();
    }),
  );
  for (const { status, headers } of refused) {
    expect(status).toBe(503);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  }
  members[0]?.send({ type: 'message', text: 'served' });
  for (const member of members) {
    expect(await member.receive('message')).toMatchObject({ text: 'served' });
  }
  members[0]?.reset();
  await eventually('a place is free', async () => {
    return totalsOf(await statsOf(server)).connections === CONNECTIONS_MAX - 1;
  });
  using next = await RawSocket.join(server.port, 'lobby');
  await next.roundTrip();
  for (const member of members) member[Symbol.dispose]();
});

test('row 32: with every descriptor taken by half a request, old ones are served, and it passes', async () => {
  await using server = await serveAlone({}, FEW_DESCRIPTORS);
  const members = await joinAll(server, 20);
  const strangers = await Promise.all(
    Array.from({ length: 2 * DESCRIPTORS }, () => RawSocket.connect(server.port)),
  );
  for (const stranger of strangers) stranger.write('GET /ws HTTP/1.1\r\n');
  await eventually('every descriptor is taken', () => descriptorsOf(server) === DESCRIPTORS);
  using next = await RawSocket.connect(server.port);
  next.write(upgradeRequest({}));
  for (let n = 0; n < 20; n += 1) {
    members[n]?.send({ type: 'message', text: `text ${n}` });
    for (const member of members) {
      expect(await member.receive('message')).toMatchObject({ text: `text ${n}` });
    }
  }
  for (const stranger of strangers) stranger.reset();
  expect((await next.answer()).status).toBe(101);
  for (const member of members) member[Symbol.dispose]();
});
