import { expect, test } from 'bun:test';
import { constants, deflateRawSync } from 'node:zlib';
import { closeFrame, type FrameParts, frame, OPCODE, textFrame } from '../support/frames.ts';
import { RawSocket } from '../support/raw_socket.ts';
import { countersOf, serve } from '../support/serve.ts';

const { continuation, text, close, ping } = OPCODE;
const FRAME_BYTES_MAX = 4_096;

const CONTROL_125 = 'x'.repeat(125);
const CONTROL_126 = 'x'.repeat(126);

/** What RFC 6455 forbids, by the close code it answers with. */
const VIOLATIONS: Readonly<Record<string, readonly FrameParts[]>> = {
  'an unmasked frame': [{ opcode: text, payload: '{}', masked: false }],
  'RSV1 without an extension': [{ opcode: text, payload: '{}', rsv: 4 }],
  RSV2: [{ opcode: text, payload: '{}', rsv: 2 }],
  RSV3: [{ opcode: text, payload: '{}', rsv: 1 }],
  'reserved opcode 3': [{ opcode: 3 }],
  'reserved opcode 7': [{ opcode: 7 }],
  'reserved opcode 11': [{ opcode: 11 }],
  'reserved opcode 15': [{ opcode: 15 }],
  'a fragmented ping': [{ opcode: ping, fin: false }],
  'a fragmented close': [{ opcode: close, fin: false }],
  'a ping of 126 bytes': [{ opcode: ping, payload: CONTROL_126 }],
  'a close of 126 bytes': [{ opcode: close, payload: CONTROL_126 }],
  'a stray continuation': [{ opcode: continuation, payload: '{}' }],
  'a new message inside a fragmented one': [
    { opcode: text, payload: '{', fin: false },
    { opcode: text, payload: '}' },
  ],
};

const NOT_UTF8: Readonly<Record<string, Uint8Array>> = {
  'in one frame': frame({ opcode: text, payload: Uint8Array.of(0x22, 0xff, 0x22) }),
  'an overlong slash': frame({ opcode: text, payload: Uint8Array.of(0xc0, 0xaf) }),
  'a surrogate': frame({ opcode: text, payload: Uint8Array.of(0xed, 0xa0, 0x80) }),
  'past U+10FFFF': frame({ opcode: text, payload: Uint8Array.of(0xf4, 0x90, 0x80, 0x80) }),
  'a sequence cut short': frame({ opcode: text, payload: Uint8Array.of(0xe2, 0x82) }),
  'across fragments': Buffer.concat([
    frame({ opcode: text, payload: Uint8Array.of(0xc3), fin: false }),
    frame({ opcode: continuation, payload: Uint8Array.of(0x28) }),
  ]),
  'in a close reason': closeFrame(1000, Uint8Array.of(0xff)),
};

const FORBIDDEN_CLOSE_CODES = [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535];

const TOO_LARGE: Readonly<Record<string, readonly FrameParts[]>> = {
  'by a header alone': [{ opcode: text, claimed_bytes: BigInt(FRAME_BYTES_MAX + 1) }],
  'by a header of 2^40': [{ opcode: text, claimed_bytes: 2n ** 40n }],
  'by a header with the top bit set': [{ opcode: text, claimed_bytes: 2n ** 63n }],
  'by a header of 2^64 - 1': [{ opcode: text, claimed_bytes: 2n ** 64n - 1n }],
  'by fragments': [
    { opcode: text, payload: 'x'.repeat(3_000), fin: false },
    { opcode: continuation, payload: 'x'.repeat(3_000), fin: false },
  ],
};

/** @returns how the server ends a connection that sends `bytes` */
async function endingOf(port: number, bytes: Uint8Array): Promise<number | undefined> {
  using peer = await RawSocket.upgrade(port);
  peer.write(bytes);
  return (await peer.ended()).code;
}

for (const [name, frames] of Object.entries(VIOLATIONS)) {
  test(`row 1: ${name} is closed with 1002`, async () => {
    await using server = serve();
    expect(await endingOf(server.port, Buffer.concat(frames.map(frame)))).toBe(1002);
  });
}

for (const [name, bytes] of Object.entries(NOT_UTF8)) {
  test(`row 2: invalid UTF-8, ${name}, is closed with 1007`, async () => {
    await using server = serve();
    expect(await endingOf(server.port, bytes)).toBe(1007);
  });
}

test('row 2: a character split over fragments is whole again', async () => {
  await using server = serve();
  using peer = await RawSocket.join(server.port, 'lobby');
  const payload = Buffer.from('{"type":"message","text":"€"}');
  const middle = payload.indexOf(0x82);
  peer.writeFrames(
    { opcode: text, payload: payload.subarray(0, middle), fin: false },
    { opcode: continuation, payload: payload.subarray(middle) },
  );
  expect(await peer.receive('message')).toMatchObject({ text: '€' });
});

test('row 3: a close payload of one byte is closed with 1002', async () => {
  await using server = serve();
  expect(await endingOf(server.port, frame({ opcode: close, payload: 'x' }))).toBe(1002);
});

test('row 3: a forbidden close code is answered with 1002', async () => {
  await using server = serve();
  for (const code of FORBIDDEN_CLOSE_CODES) {
    expect([code, await endingOf(server.port, closeFrame(code))]).toEqual([code, 1002]);
  }
});

test('row 3: an allowed close code is echoed', async () => {
  await using server = serve();
  for (const code of [1000, 1001, 1011, 3000, 4999]) {
    expect(await endingOf(server.port, closeFrame(code))).toBe(code);
  }
});

for (const [name, frames] of Object.entries(TOO_LARGE)) {
  test(`row 4: a message too large ${name} is closed with 1009`, async () => {
    await using server = serve({ frame_bytes_max: FRAME_BYTES_MAX });
    expect(await endingOf(server.port, Buffer.concat(frames.map(frame)))).toBe(1009);
  });
}

test('row 4: the largest frame allowed is read', async () => {
  await using server = serve({ frame_bytes_max: FRAME_BYTES_MAX });
  using peer = await RawSocket.upgrade(server.port);
  peer.write(textFrame('{"type":"ping"}'.padEnd(FRAME_BYTES_MAX)));
  expect(await peer.receive('pong')).toEqual({ type: 'pong' });
});

test('row 4: compression is not agreed to, and a deflate bomb is never inflated', async () => {
  await using server = serve();
  using peer = await RawSocket.upgrade(server.port, {
    headers: { 'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits' },
  });
  const bomb = deflateRawSync(Buffer.alloc(32 << 20), { finishFlush: constants.Z_SYNC_FLUSH });
  expect(bomb.length).toBeLessThan(64 << 10);
  const before_bytes = process.memoryUsage.rss();
  peer.writeFrames({ opcode: text, payload: bomb, rsv: 4 });
  expect((await peer.ended()).code).toBe(1002);
  expect(process.memoryUsage.rss() - before_bytes).toBeLessThan(16 << 20);
});

test('row 4: lengths that are only claimed take no memory', async () => {
  await using server = serve({ frame_bytes_max: 16 << 20 });
  const before_bytes = process.memoryUsage.rss();
  const peers = await Promise.all(Array.from({ length: 64 }, () => RawSocket.upgrade(server.port)));
  for (const peer of peers) {
    peer.writeFrames({ opcode: text, payload: '{', fin: false });
    peer.writeFrames({ opcode: continuation, payload: '"', claimed_bytes: 15n << 20n });
  }
  using other = await RawSocket.upgrade(server.port);
  await other.roundTrip();
  expect(process.memoryUsage.rss() - before_bytes).toBeLessThan(64 << 20);
  for (const peer of peers) peer[Symbol.dispose]();
});

test('row 5: data after a Close is ignored', async () => {
  await using server = serve();
  using member = await RawSocket.join(server.port, 'lobby');
  using peer = await RawSocket.join(server.port, 'lobby');
  const late = textFrame('{"type":"message","text":"too late"}');
  peer.write(Buffer.concat([closeFrame(1000), late, frame({ opcode: 3 })]));
  expect(await peer.ended()).toMatchObject({ code: 1000 });
  member.send({ type: 'message', text: 'in time' });
  expect(await member.receive('message')).toMatchObject({ text: 'in time', offset: 1 });
});

test('row 5: a ping between fragments is answered before the message is', async () => {
  await using server = serve();
  using peer = await RawSocket.upgrade(server.port);
  peer.writeFrames(
    { opcode: text, payload: '{"type":', fin: false },
    { opcode: ping, payload: 'between' },
  );
  expect((await peer.receivePong()).toString()).toBe('between');
  peer.writeFrames({ opcode: continuation, payload: '"ping"}' });
  expect(await peer.receive('pong')).toEqual({ type: 'pong' });
});

test('row 5: a ping of 125 bytes is answered with the same bytes', async () => {
  await using server = serve();
  using peer = await RawSocket.upgrade(server.port);
  peer.writeFrames({ opcode: ping, payload: CONTROL_125 });
  expect((await peer.receivePong()).toString()).toBe(CONTROL_125);
});

test('row 6: metrics carry the true reason of every ending', async () => {
  await using server = serve({ frame_bytes_max: FRAME_BYTES_MAX });
  const sent: Record<string, Uint8Array[]> = {
    protocol_error: [
      ...Object.values(VIOLATIONS).map((frames) => Buffer.concat(frames.map(frame))),
      frame({ opcode: close, payload: 'x' }),
      ...FORBIDDEN_CLOSE_CODES.map((code) => closeFrame(code)),
    ],
    invalid_utf8: Object.values(NOT_UTF8),
    frame_too_large: Object.values(TOO_LARGE).map((frames) => Buffer.concat(frames.map(frame))),
    client_left: [closeFrame(1000), closeFrame(1001), frame({ opcode: close })],
    client_1011: [closeFrame(1011)],
    client_other: [closeFrame(3000), closeFrame(4999)],
    wrong_frame_kind: [frame({ opcode: OPCODE.binary, payload: '{}' })],
  };
  const expected: Record<string, number> = {};
  for (const [cause, all] of Object.entries(sent)) {
    for (const bytes of all) await endingOf(server.port, bytes);
    expected[cause] = all.length;
  }
  using cut = await RawSocket.upgrade(server.port);
  cut.reset();
  await cut.ended();
  using halved = await RawSocket.upgrade(server.port);
  halved.halfClose();
  await halved.ended();
  expected.connection_lost = 2;

  const { body } = await metricsOf(server.http);
  const line = /^hubbub_connections_closed_total\{worker="0",cause="(\w+)"\} (\d+)$/gm;
  const told = Object.fromEntries(
    [...body.matchAll(line)].map(([, cause, n]) => [cause, Number(n)]),
  );
  expect(told).toEqual(expected);
  expect(countersOf(server.stats()).handler_failures).toBe(0);
});

async function metricsOf(http: string): Promise<{ readonly body: string }> {
  const response = await fetch(`${http}/metrics`);
  return { body: await response.text() };
}
