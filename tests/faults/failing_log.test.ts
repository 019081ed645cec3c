import { expect, test } from 'bun:test';
import type { ConnectLog } from '../../server/app.ts';
import { UnavailableError } from '../../server/errors.ts';
import { MemoryLog } from '../../server/log/memory.ts';
import { eventually } from '../support/eventually.ts';
import { holdLog } from '../support/held_log.ts';
import { RawSocket } from '../support/raw_socket.ts';
import { countersOf, serve, totalsOf } from '../support/serve.ts';

// On a busy machine these take longer than Bun gives a test by itself.
/** Breaks where a room or a text says so, in ways no log is allowed to: a defect in a handler. */
const breakableLog: ConnectLog = (sink) => {
  const memory = new MemoryLog(sink, { idempotency_ids_max: 1_000 });
  return {
    kind: 'breakable',
    recovery_records: 1_000,
    async open(room) {
      if (room === 'broken') throw new Error('a defect in open');
      if (room === 'gone') throw new UnavailableError('no engine');
      const opened = await memory.open(room);
      // A past that only the log knows makes the server ask for it.
      return room.startsWith('old') ? { ...opened, head: 100 } : opened;
    },
    submit(room, draft, token) {
      if (draft.text === 'broken') throw new Error('a defect in submit');
      return memory.submit(room, draft, token);
    },
    async read(room) {
      throw room === 'old and gone'
        ? new UnavailableError('no engine')
        : new Error('a defect in read');
    },
    close: (room) => memory.close(room),
    stop: () => memory.stop(),
  };
};

/** Requests on whose way something breaks; the connection is in `old` and in `lobby`. */
const BREAKING: Readonly<Record<string, object>> = {
  'throws at once': { type: 'message', room: 'lobby', text: 'broken' },
  'throws at once, with an id': { type: 'message', room: 'lobby', text: 'broken', id: 'm1' },
  'rejects while a room is loaded': { type: 'join', room: 'broken' },
  'rejects while history is read': { type: 'history', room: 'old' },
};

for (const [name, request] of Object.entries(BREAKING)) {
  test(`row 24: a handler that ${name} ends that connection with 1011, and nothing else`, async () => {
    await using server = serve({ publish_timeout_ms: 1 }, breakableLog);
    using member = await RawSocket.join(server.port, 'lobby');
    using peer = await RawSocket.join(server.port, 'lobby');
    peer.send({ type: 'join', room: 'old' });
    await peer.receive('joined');
    const fine = { type: 'message', room: 'lobby', text: 'fine' };
    peer.send(fine, request, fine);
    expect(await peer.ended()).toEqual({ code: 1011, reason: 'internal error' });
    expect(await member.receive('message')).toMatchObject({ text: 'fine', offset: 1 });
    await member.roundTrip();
    expect(member.takeAll().filter(({ type }) => type === 'message')).toEqual([]);
    expect(countersOf(server.stats())).toMatchObject({
      handler_failures: 1,
      closed: { internal: 1 },
    });
    expect(totalsOf(server.stats())).toMatchObject({ connections: 1, hub: { members: 1 } });
    await eventually('nothing is left in flight', () => inFlight(server) === 0);
    using next = await RawSocket.join(server.port, 'lobby');
    next.send(fine);
    expect(await member.receive('message')).toMatchObject({ text: 'fine', offset: 2 });
  });
}

test('row 24: a failure while a connection opens ends it with 1011, and the next one gets in', async () => {
  await using server = serve({}, breakableLog);
  using peer = await RawSocket.upgrade(server.port, { path: '/ws?room=broken' });
  expect((await peer.ended()).code).toBe(1011);
  using next = await RawSocket.upgrade(server.port, { path: '/ws?room=lobby' });
  await next.receive('joined');
  expect(totalsOf(server.stats()).connections).toBe(1);
});

test('row 24: many failures at once end just those connections', async () => {
  await using server = serve({ publish_timeout_ms: 1 }, breakableLog);
  using member = await RawSocket.join(server.port, 'lobby');
  const peers = await Promise.all(
    Array.from({ length: 100 }, () => RawSocket.join(server.port, 'lobby')),
  );
  for (const peer of peers) peer.send({ type: 'message', text: 'broken' });
  for (const peer of peers) expect((await peer.ended()).code).toBe(1011);
  await member.roundTrip();
  expect(countersOf(server.stats())).toMatchObject({
    handler_failures: 100,
    closed: { internal: 100 },
  });
  expect(totalsOf(server.stats())).toMatchObject({ connections: 1, hub: { members: 1 } });
});

test('row 24: an engine that is merely gone is an error to the client, and the connection stays', async () => {
  await using server = serve({}, breakableLog);
  using peer = await RawSocket.join(server.port, 'old and gone');
  for (const request of [
    { type: 'join', room: 'gone', id: 'r1' },
    { type: 'history', room: 'old and gone', id: 'r2' },
  ]) {
    peer.send(request);
    const error = await peer.receive('error');
    expect(error).toMatchObject({ code: 'unavailable', temporary: true, id: request.id });
    expect(error.retry_after_ms).toBeGreaterThan(0);
  }
  await peer.roundTrip();
  expect(countersOf(server.stats()).handler_failures).toBe(0);
});

test('row 35: a full queue refuses on the spot, nobody sees the message, and it may be sent again', async () => {
  const log = holdLog(2);
  await using server = serve({ publishes_in_flight_max: 100 }, log.connect);
  using member = await RawSocket.join(server.port, 'lobby');
  using publisher = await RawSocket.join(server.port, 'lobby');
  const publish = (id: string) => ({ type: 'message', text: `text of ${id}`, id });
  publisher.send(publish('a'), publish('b'), publish('c'));
  const error = await publisher.receive('error');
  expect(error).toMatchObject({ code: 'unavailable', temporary: true, id: 'c', room: 'lobby' });
  expect(error.retry_after_ms).toBeGreaterThan(0);
  expect(inFlight(server)).toBe(2);
  log.release();
  expect(await publisher.receive('ack')).toMatchObject({ id: 'a', offset: 1 });
  expect(await publisher.receive('ack')).toMatchObject({ id: 'b', offset: 2 });
  publisher.send(publish('c'));
  expect(await publisher.receive('ack')).toEqual({
    type: 'ack',
    id: 'c',
    room: 'lobby',
    offset: 3,
  });
  for (const id of ['a', 'b', 'c']) expect(await member.receive('message')).toMatchObject({ id });
});

const inFlight = (server: { stats: ReturnType<typeof serve>['stats'] }): number =>
  totalsOf(server.stats()).publishes_in_flight;
