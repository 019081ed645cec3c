import { expect, test } from 'bun:test';
import type { RoomMessage } from '../../server/protocol/messages.ts';
import { eventually } from '../support/eventually.ts';
import { RawSocket } from '../support/raw_socket.ts';
import { countersOf, serve, totalsOf } from '../support/serve.ts';
import type { TestServer } from '../support/server.ts';

// On a busy machine these take longer than Bun gives a test by itself.
const MIB = 1 << 20;
const TEXT = 'x'.repeat(16 * 1_024);
const LIMITS = {
  rate_limit: 0,
  command_rate_limit: 0,
  send_buffer_bytes_max: 2 * MIB,
  history_bytes_max: 2 * MIB,
  history_records_max: 100_000,
};
const BATCH = 16;
/** The kernel takes this much on both sides of a loopback connection before Bun has to buffer. */
const KERNEL_BYTES_MAX = 16 * MIB;

/** Publishes batch after batch, each read by `member` in order, until `isDone`. */
async function publishUntil(
  publisher: RawSocket,
  member: RawSocket,
  isDone: (head: number) => boolean,
): Promise<number> {
  let head = 0;
  while (!isDone(head)) {
    publisher.send(...Array.from({ length: BATCH }, () => ({ type: 'message', text: TEXT })));
    for (let n = 0; n < BATCH; n += 1) {
      head += 1;
      expect((await member.receive('message')).offset).toBe(head);
    }
    await publisher.roundTrip();
    publisher.takeAll();
  }
  return head;
}

const closedFor = (server: TestServer) => countersOf(server.stats()).closed;

for (const encoding of ['json', 'ndjson', 'msgpack']) {
  test(`row 22: a stalled reader of ${encoding} is let go, others miss nothing, and it recovers`, async () => {
    await using server = serve(LIMITS);
    using publisher = await RawSocket.join(server.port, 'lobby');
    using member = await RawSocket.join(server.port, 'lobby');
    const headers = { 'sec-websocket-protocol': `hubbub.v1.${encoding}` };
    using reader = await RawSocket.upgrade(server.port, { headers });
    reader.send({ type: 'join' });
    const { epoch } = await reader.receive('joined');
    reader.stall();
    let more = 5;
    const head = await publishUntil(publisher, member, (reached) => {
      expect(reached * TEXT.length).toBeLessThan(64 * MIB);
      if (closedFor(server).slow_reader !== undefined) more -= 1;
      return more === 0;
    });
    expect(closedFor(server)).toEqual({ slow_reader: 1 });
    expect(totalsOf(server.stats())).toMatchObject({ connections: 2, hub: { members: 2 } });

    reader.readOn();
    const { code } = await reader.ended();
    expect([1013, undefined]).toContain(code);
    expect(reader.received_bytes).toBeLessThan(KERNEL_BYTES_MAX + 2 * LIMITS.send_buffer_bytes_max);
    const seen = offsets(reader.takeAll().filter((message) => message.type === 'message'));
    expect(seen).toEqual(range(1, seen.length));
    expect(seen.length).toBeLessThan(head);

    using again = await RawSocket.upgrade(server.port, { headers });
    again.send({ type: 'join', since: { epoch, offset: seen.length } });
    const joined = await again.receive('joined');
    expect(joined.recovered).toBe(true);
    expect(offsets(joined.messages ?? [])).toEqual(range(seen.length + 1, head));
  });
}

test('row 22: a reader that only pauses now and then is kept', async () => {
  await using server = serve(LIMITS);
  using publisher = await RawSocket.join(server.port, 'lobby');
  using member = await RawSocket.join(server.port, 'lobby');
  using reader = await RawSocket.join(server.port, 'lobby');
  const head = 64 * BATCH;
  await publishUntil(publisher, member, (reached) => {
    if (reached % (4 * BATCH) === 0) reader.readOn();
    else reader.stall();
    return reached === head;
  });
  reader.readOn();
  for (let offset = 1; offset <= head; offset += 1) {
    expect((await reader.receive('message')).offset).toBe(offset);
  }
  expect(closedFor(server)).toEqual({});
});

test('row 22: who asks for more than it reads is let go the same way', async () => {
  await using server = serve(LIMITS);
  using member = await RawSocket.join(server.port, 'lobby');
  await publishUntil(member, member, (reached) => reached === 64);
  using reader = await RawSocket.join(server.port, 'lobby');
  reader.stall();
  reader.send(...Array.from({ length: 400 }, () => ({ type: 'history' })));
  await eventually('the reader is gone', () => closedFor(server).slow_reader === 1);
  await member.roundTrip();
  expect(totalsOf(server.stats()).connections).toBe(1);
  reader.readOn();
  await reader.ended();
  expect(reader.received_bytes).toBeLessThan(KERNEL_BYTES_MAX + 2 * LIMITS.send_buffer_bytes_max);
});

const offsets = (messages: readonly RoomMessage[]): number[] =>
  messages.map(({ offset }) => offset);

const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, n) => first + n);
