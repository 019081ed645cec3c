import { expect, test } from 'bun:test';
import { type FrameParts, frame, OPCODE, textFrame } from '../support/frames.ts';
import { RawSocket } from '../support/raw_socket.ts';
import { countersOf, serve, totalsOf } from '../support/serve.ts';

const { continuation, text, ping, pong } = OPCODE;

const FLOODS: Readonly<Record<string, Uint8Array>> = {
  pings: frame({ opcode: ping }),
  'pongs nobody asked for': frame({ opcode: pong }),
  'tiny messages': textFrame('{"type":"message","text":""}'),
  'tiny commands': textFrame('{"type":"ping"}'),
  'typing events': textFrame('{"type":"typing","status":"started"}'),
  joins: textFrame('{"type":"join"}'),
};

for (const [name, one] of Object.entries(FLOODS)) {
  test(`row 7: a flood of ${name} is limited, then 4429, and others do not notice`, async () => {
    await using server = serve();
    using member = await RawSocket.join(server.port, 'lobby');
    using peer = await RawSocket.join(server.port, 'lobby');
    peer.write(Buffer.concat(Array.from({ length: 1_000 }, () => one)));
    expect(await peer.ended()).toMatchObject({ code: 4429 });
    await member.roundTrip();
    expect(countersOf(server.stats())).toMatchObject({
      closed: { too_many: 1 },
      handler_failures: 0,
    });
    expect(totalsOf(server.stats()).connections).toBe(1);
  });
}

test('row 7: what goes over the limit is answered with the time to wait, and not delivered', async () => {
  await using server = serve({ rate_limit: 10, rate_burst: 10 });
  using member = await RawSocket.join(server.port, 'lobby');
  using peer = await RawSocket.join(server.port, 'lobby');
  const start_ms = performance.now();
  peer.send(...Array.from({ length: 60 }, (_, n) => ({ type: 'message', text: 'x', id: `m${n}` })));
  await peer.roundTrip();
  const answers = peer.takeAll();
  const acknowledged = answers.filter(({ type }) => type === 'ack').length;
  const refused = answers.filter((answer) => answer.type === 'error');
  expect(acknowledged + refused.length).toBe(60);
  expect(acknowledged).toBeGreaterThanOrEqual(10);
  expect(acknowledged).toBeLessThanOrEqual(10 + (performance.now() - start_ms) / 100);
  for (const error of refused) {
    expect(error).toMatchObject({ code: 'rate_limited', temporary: true });
    expect(error.retry_after_ms).toBeGreaterThan(0);
    expect(error.retry_after_ms).toBeLessThanOrEqual(100);
  }
  for (let n = 0; n < acknowledged; n += 1) await member.receive('message');
  await member.roundTrip();
  expect(member.takeAll().filter(({ type }) => type === 'message')).toEqual([]);
});

test('row 7: a client that waits as long as it is told to gets everything through', async () => {
  await using server = serve({ rate_limit: 100, rate_burst: 1 });
  using peer = await RawSocket.join(server.port, 'lobby');
  for (let n = 0; n < 20; n += 1) {
    for (let isAccepted = false; !isAccepted; ) {
      peer.send({ type: 'message', text: 'x', id: `m${n}` });
      const answer = await peer.receive('ack', 'error');
      isAccepted = answer.type === 'ack';
      if (answer.type === 'error') await Bun.sleep(answer.retry_after_ms ?? 0);
    }
  }
  expect(peer.isEnded).toBe(false);
});

test('row 7: empty fragments cost nobody anything, and still make one message', async () => {
  await using server = serve();
  using member = await RawSocket.join(server.port, 'lobby');
  using peer = await RawSocket.upgrade(server.port);
  await peer.receive('welcome');
  const empty: FrameParts = { opcode: continuation, fin: false };
  const flood = Buffer.concat(Array.from({ length: 10_000 }, () => frame(empty)));
  const before_bytes = process.memoryUsage.rss();
  peer.writeFrames({ opcode: text, payload: '{"type":', fin: false });
  for (let round = 0; round < 20; round += 1) {
    peer.write(flood);
    await member.roundTrip();
  }
  peer.writeFrames({ opcode: continuation, payload: '"ping"}' });
  await peer.receive('pong');
  expect(process.memoryUsage.rss() - before_bytes).toBeLessThan(32 << 20);
  expect(countersOf(server.stats()).frames_received).toBe(22);
});
