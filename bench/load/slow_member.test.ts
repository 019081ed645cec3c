import { afterEach, expect, test } from 'bun:test';
import { SlowMember } from './slow_member.ts';

/** A member that watches offsets, against a server that sends what it is told to. */

interface Since {
  readonly epoch: string;
  readonly offset: number;
}

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** @param answer the frames that answer a join; then the connection is closed with 1013 */
function memberOf(answer: (since: Since | undefined) => readonly string[]): SlowMember {
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: (request, self) => (self.upgrade(request) ? undefined : new Response('no')),
    websocket: {
      message(socket, frame) {
        const { since }: { since?: Since } = JSON.parse(String(frame));
        for (const said of answer(since)) socket.send(said);
        socket.close(1013, 'too slow');
      },
    },
  });
  stops.push(() => server.stop(true));
  return new SlowMember({ hostname: '127.0.0.1', port: server.port ?? 0, path: '/ws' }, 'bench-0');
}

const joined = (offset: number, recovery: object = {}): string =>
  JSON.stringify({ type: 'joined', epoch: 'e', offset, ...recovery });
const record = (offset: number, prev?: number): object => ({ type: 'message', offset, prev });
const lines = (...messages: readonly object[]): string =>
  messages.map((message) => JSON.stringify(message)).join('\n');

test('what follows on is no gap, a hole that the log explains neither', async () => {
  const member = memberOf(() => [joined(3), lines(record(4), record(5)), lines(record(9, 5))]);
  await member.join();
  expect(await member.readUntilClosed()).toBe(1013);
  expect([member.offset, member.gaps]).toEqual([9, 0]);
});

test('a missing record is a gap', async () => {
  const member = memberOf(() => [joined(3), lines(record(4), record(6))]);
  await member.join();
  await member.readUntilClosed();
  expect([member.offset, member.gaps]).toEqual([6, 1]);
});

test('a recovery begins after the last record seen and is checked to its end', async () => {
  const member = memberOf((since) =>
    since === undefined
      ? [joined(3), lines(record(4))]
      : [joined(6, { recovered: true, messages: [record(since.offset + 1), record(6)] })],
  );
  await member.join();
  await member.readUntilClosed();
  expect(await member.join()).toEqual({ recovered: true, replayed: 2 });
  expect([member.offset, member.gaps]).toEqual([6, 0]);
});

test('a recovery that claims more than it brings is a gap', async () => {
  const member = memberOf((since) =>
    since === undefined ? [joined(3)] : [joined(6, { recovered: true, messages: [record(4)] })],
  );
  await member.join();
  await member.readUntilClosed();
  await member.join();
  expect(member.gaps).toBe(1);
});

test('a refused recovery is told as such', async () => {
  const member = memberOf(() => [joined(3, { recovered: false, messages: [record(3)] })]);
  await member.join();
  await member.readUntilClosed();
  expect(await member.join()).toEqual({ recovered: false, replayed: 1 });
});
