import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { type FrameParts, OPCODE } from '../support/frames.ts';
import { RawSocket } from '../support/raw_socket.ts';
import { countersOf, serve } from '../support/serve.ts';
import { hostileJson, hostileMessagePack, hostileNdjson } from './hostile_frames.ts';

// On a busy machine these take longer than Bun gives a test by itself.
const { continuation, text, binary } = OPCODE;
const speaking = (encoding: string) => ({
  headers: { 'sec-websocket-protocol': `hubbub.v1.${encoding}` },
});

const WRONG_KIND: readonly (readonly [encoding: string, frames: readonly FrameParts[]])[] = [
  ['json', [{ opcode: binary, payload: '{"type":"ping"}' }]],
  ['json', [{ opcode: binary }]],
  ['ndjson', [{ opcode: binary, payload: '{"type":"ping"}' }]],
  ['msgpack', [{ opcode: text, payload: '{"type":"ping"}' }]],
  ['msgpack', [{ opcode: text }]],
  [
    'json',
    [
      { opcode: binary, payload: '{"type":', fin: false },
      { opcode: continuation, payload: '"ping"}' },
    ],
  ],
];

for (const [encoding, frames] of WRONG_KIND) {
  const kind = frames[0]?.opcode === text ? 'text' : 'binary';
  test(`row 16: ${kind} in ${frames.length} frame(s) to ${encoding} is closed with 1003`, async () => {
    await using server = serve();
    using peer = await RawSocket.upgrade(server.port, speaking(encoding));
    peer.writeFrames(...frames);
    expect((await peer.ended()).code).toBe(1003);
    expect(countersOf(server.stats())).toMatchObject({ closed: { wrong_frame_kind: 1 } });
  });
}

const NESTED = 30_000;

/** JSON that is refused, by the code of the error. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  malformed: [
    '',
    ' ',
    '{',
    'null',
    '1',
    '"ping"',
    '[]',
    '[{"type":"ping"}]',
    '{"type":"ping"}{"type":"ping"}',
    '{"type":"ping"}\n{"type":"ping"}',
    '{"type":"ping",}',
    "{'type':'ping'}",
    '{"type":"pi\u0000ng"}',
    '{"type":"ping","n":NaN}',
    '{"type":"ping","n":0x10}',
    '\ufeff{"type":"ping"}',
    '['.repeat(NESTED),
    `{"type":"ping","n":${'['.repeat(NESTED)}}`,
    '{"a":'.repeat(10_000),
  ],
  unknown_type: [
    '{}',
    '{"type":null}',
    '{"type":1}',
    '{"type":["ping"]}',
    '{"type":"PING"}',
    '{"type":"__proto__"}',
    '{"type":"constructor"}',
    '{"type":"toString"}',
    '{"__proto__":{"type":"ping"}}',
    '{"type":"welcome"}',
    `{"type":"${'x'.repeat(40_000)}"}`,
  ],
  invalid_field: [
    '{"type":"message","text":1}',
    '{"type":"message"}',
    '{"type":"message","text":"\\ud800"}',
    '{"type":"message","text":"x","id":""}',
    '{"type":"message","text":"x","id":1e999}',
    '{"type":"message","text":"x","id":"\\udfff"}',
    '{"type":"message","text":"x","room":{}}',
    '{"type":"message","__proto__":{"text":"x"}}',
    '{"type":"join","room":null}',
    '{"type":"join","since":{"epoch":"x","offset":-1}}',
    '{"type":"join","since":{"epoch":"x","offset":9007199254740992}}',
    '{"type":"join","since":{"epoch":"x","offset":1.5}}',
    '{"type":"join","since":[]}',
    '{"type":"join","since":{"__proto__":{"epoch":"x","offset":1}}}',
    '{"type":"history","limit":101}',
    '{"type":"history","limit":"1"}',
    '{"type":"history","before":1e308}',
    '{"type":"history","before":-0}',
    '{"type":"list_users","limit":0}',
    '{"type":"typing","status":"__proto__"}',
    '{"type":"auth","token":true}',
  ],
};

test('row 17: each hostile message is answered with its error, and nothing else happens', async () => {
  await using server = serve();
  for (const [code, frames] of Object.entries(REFUSED)) {
    for (const payload of frames) {
      using peer = await RawSocket.upgrade(server.port);
      peer.writeFrames({ opcode: text, payload });
      await peer.roundTrip();
      const label = payload.slice(0, 80);
      const answers = peer.takeAll().filter(({ type }) => type !== 'welcome');
      expect([label, answers]).toMatchObject([label, [{ type: 'error', code }]]);
    }
  }
  expect(countersOf(server.stats()).handler_failures).toBe(0);
});

test('row 17: invalid messages that go on are closed with 1008', async () => {
  await using server = serve();
  for (const payload of ['{', '{"type":"no such"}', '{"type":"ping","id":1}']) {
    using peer = await RawSocket.upgrade(server.port);
    peer.writeFrames(...Array.from({ length: 30 }, () => ({ opcode: text, payload })));
    expect((await peer.ended()).code).toBe(1008);
    const errors = peer.takeAll().filter(({ type }) => type === 'error');
    expect(errors.length).toBeGreaterThanOrEqual(10);
    expect(errors.length).toBeLessThan(30);
  }
});

test('row 17: NUL and every other character that is Unicode arrive as they were sent', async () => {
  await using server = serve();
  using peer = await RawSocket.join(server.port, 'lobby');
  const hostile = '\u0000\u0001\u001f\u007f\u2028\u202e\ufeff\uffff"\\\n__proto__😀';
  peer.send({ type: 'message', room: 'lobby', text: hostile, id: '__proto__' });
  expect(await peer.receive('message')).toMatchObject({ text: hostile, id: '__proto__' });
  expect(await peer.receive('ack')).toMatchObject({ id: '__proto__', offset: 1 });
});

/** What a hostile message may be answered with, when the answer is the end. */
const ENDINGS = [1003, 1008, 4429, 4501];

interface Attack<T> {
  readonly encoding: 'json' | 'ndjson' | 'msgpack';
  readonly frames: fc.Arbitrary<T>;
  readonly runs: number;
}

/** Sends one hostile frame a connection; the server has to answer all of it and go on. */
async function attack<T extends string | Uint8Array>(one: Attack<T>): Promise<void> {
  const inherited = Reflect.ownKeys(Object.prototype);
  const opcode = one.encoding === 'msgpack' ? binary : text;
  await using server = serve();
  using bystander = await RawSocket.join(server.port, 'bystanders');
  const property = fc.asyncProperty(one.frames, async (payload) => {
    using peer = await RawSocket.upgrade(server.port, speaking(one.encoding));
    await peer.receive('welcome');
    peer.writeFrames({ opcode, payload });
    peer.send({ type: 'ping', id: 'still here' });
    const end = await Promise.race([peer.ended(), peer.receive('pong').catch(() => peer.ended())]);
    if ('code' in end) expect(ENDINGS).toContain(end.code ?? 0);
    if (!isDecodable(one.encoding, payload)) {
      const [first] = peer.takeAll();
      expect(first).toMatchObject({ type: 'error', code: 'malformed' });
    }
    expect(countersOf(server.stats()).handler_failures).toBe(0);
  });
  await fc.assert(property, { numRuns: one.runs });
  await bystander.roundTrip();
  expect(Reflect.ownKeys(Object.prototype)).toEqual(inherited);
}

/** Whether a frame of JSON holds an object for every message. MessagePack is not judged here. */
function isDecodable(encoding: string, payload: string | Uint8Array): boolean {
  if (typeof payload !== 'string') return true;
  const lines = encoding === 'ndjson' ? payload.replace(/\n$/, '').split('\n') : [payload];
  try {
    return lines.every((line) => /^\{/.test(JSON.stringify(JSON.parse(line))));
  } catch {
    return false;
  }
}

test('row 17: no JSON makes the server throw or pollutes anything', () =>
  attack({ encoding: 'json', frames: hostileJson, runs: 400 }));

test('row 17: no ndjson makes the server throw or pollutes anything', () =>
  attack({ encoding: 'ndjson', frames: hostileNdjson, runs: 300 }));

test('row 17: no MessagePack makes the server throw or pollutes anything', () =>
  attack({ encoding: 'msgpack', frames: hostileMessagePack, runs: 1_000 }));
