import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { RawSocket } from '../support/raw_socket.ts';
import { countersOf, serve, totalsOf } from '../support/serve.ts';

// On a busy machine these take longer than Bun gives a test by itself.
const ROOM_NAME_BYTES_MAX = 128;

const REFUSED: Readonly<Record<string, string>> = {
  'an empty name': '',
  'a name of 129 bytes': 'x'.repeat(129),
  'a name of 65 characters of two bytes': 'é'.repeat(65),
  'a name of 40,000 bytes': 'x'.repeat(40_000),
  NUL: 'a\u0000b',
  'a newline': 'a\nb',
  DEL: 'a\u007fb',
  'a zero-width space': 'a\u200bb',
  'a right-to-left override': 'a\u202eb',
  'a byte order mark': '\ufeffa',
  'a variation selector': 'a\ufe0f',
  'a no-break space': 'a\u00a0b',
  'a private character': '\ue000',
  'an unassigned character': '\u0378',
  'a space at its end': 'lobby ',
  'nothing but a space': ' ',
  'a letter in two pieces': 'e\u0301',
  'a full-width letter': '\uff4c\uff4fbby',
  'Cyrillic among Latin': 'l\u043ebby',
  'Greek among Latin': 'l\u03bfbby',
};

test('row 18: a room name that is too long, invisible or posing as another is refused', async () => {
  await using server = serve({ command_rate_limit: 0 });
  using peer = await RawSocket.upgrade(server.port);
  for (const [name, room] of Object.entries(REFUSED)) {
    peer.send({ type: 'join', room });
    expect([name, await peer.receive('error', 'joined')]).toMatchObject([
      name,
      { type: 'error', code: 'room_name_invalid', temporary: false },
    ]);
  }
  expect(totalsOf(server.stats()).hub.rooms).toBe(0);
});

test('row 18: names in any one script are rooms', async () => {
  await using server = serve();
  using peer = await RawSocket.upgrade(server.port);
  for (const room of [
    'x',
    'x'.repeat(128),
    'é'.repeat(64),
    'лобби',
    '会議室',
    'a b',
    '__proto__',
    '👋',
  ]) {
    peer.send({ type: 'join', room });
    expect(await peer.receive('error', 'joined')).toMatchObject({ type: 'joined', room });
  }
});

test('row 18: whatever the name, it is refused or joined exactly as it was spelled', async () => {
  await using server = serve({ command_rate_limit: 0, rooms_per_connection_max: 100_000 });
  using peer = await RawSocket.upgrade(server.port);
  const names = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 140 }),
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.string({ unit: 'binary-ascii', maxLength: 3 }),
  );
  const property = fc.asyncProperty(names, async (room) => {
    peer.send({ type: 'join', room });
    const answer = await peer.receive('joined', 'error');
    if (answer.type === 'error') {
      expect(['room_name_invalid', 'invalid_field']).toContain(answer.code);
      return;
    }
    expect(answer.room).toBe(room);
    expect(Buffer.byteLength(room)).toBeGreaterThan(0);
    expect(Buffer.byteLength(room)).toBeLessThanOrEqual(ROOM_NAME_BYTES_MAX);
    expect(/\p{Cc}|\p{Cf}|\p{Cs}/u.test(room)).toBe(false);
    expect(room.normalize('NFKC')).toBe(room);
  });
  await fc.assert(property, { numRuns: 500 });
  expect(countersOf(server.stats()).handler_failures).toBe(0);
});

const JOINS = 100_000;
const JOINS_PER_WRITE = 2_000;

test('row 18: of 100,000 joins on one connection as many succeed as may, and rooms stay bounded', async () => {
  await using server = serve({ command_rate_limit: 0, rooms_per_connection_max: 50 });
  using peer = await RawSocket.upgrade(server.port);
  let joined = 0;
  let refused = 0;
  for (let first = 0; first < JOINS; first += JOINS_PER_WRITE) {
    peer.send(
      ...Array.from({ length: JOINS_PER_WRITE }, (_, n) => ({
        type: 'join',
        room: `room ${first + n}`,
      })),
    );
    await peer.roundTrip();
    for (const answer of peer.takeAll()) {
      if (answer.type === 'joined') joined += 1;
      if (answer.type === 'error' && answer.code === 'rooms_too_many') refused += 1;
    }
  }
  expect([joined, refused]).toEqual([50, JOINS - 50]);
  expect(totalsOf(server.stats()).hub).toMatchObject({ rooms: 50, members: 50 });
});

test('row 18: joins past the command limit end the connection, and its rooms are left', async () => {
  await using server = serve({ rooms_per_connection_max: 100_000 });
  using peer = await RawSocket.upgrade(server.port);
  peer.send(...Array.from({ length: 5_000 }, (_, n) => ({ type: 'join', room: `room ${n}` })));
  expect((await peer.ended()).code).toBe(4429);
  const hub = totalsOf(server.stats()).hub;
  expect(hub?.members).toBe(0);
  expect(hub?.rooms).toBeLessThan(300);
});

test('row 18: past rooms_max a new room is refused for now, and the known ones are open', async () => {
  await using server = serve({ rooms_max: 3 });
  using peer = await RawSocket.upgrade(server.port);
  for (const room of ['a', 'b', 'c']) {
    peer.send({ type: 'join', room });
    await peer.receive('joined');
  }
  peer.send({ type: 'join', room: 'd' });
  const error = await peer.receive('error');
  expect(error).toMatchObject({ code: 'unavailable', temporary: true, room: 'd' });
  expect(error.retry_after_ms).toBeGreaterThan(0);
  using other = await RawSocket.join(server.port, 'a');
  await other.roundTrip();
});
