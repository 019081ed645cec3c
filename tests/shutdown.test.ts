import { expect, test } from 'bun:test';
import { eventually } from './support/eventually.ts';
import { type ServerProcess, spawnServer } from './support/process.ts';
import { RawSocket, upgradeRequest } from './support/raw_socket.ts';

/** Nobody is waited for that long: what ends before it ends for another reason. */
const HOUR_MS = 3_600_000;
const PATIENT = { reconnect_jitter_ms: HOUR_MS, shutdown_timeout_ms: HOUR_MS };

test('SIGTERM delivers what is pending, sends everybody away with a hint, and exits 0', async () => {
  const server = await spawnServer({
    rate_limit: 0,
    flush_interval_ms: 1_000,
    reconnect_jitter_ms: 77,
  });
  const received: { type: string; text?: string; jitter_ms?: number }[] = [];
  const closed = Promise.withResolvers<CloseEvent>();
  const sent = Promise.withResolvers<void>();
  const socket = new WebSocket(`${server.url}?room=lobby`);
  socket.onclose = (event) => closed.resolve(event);
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(String(data));
    received.push(message);
    if (message.type === 'joined') {
      for (const text of ['one', 'two', 'three']) {
        socket.send(JSON.stringify({ type: 'message', text, id: text }));
      }
    }
    if (message.type === 'ack' && message.id === 'three') sent.resolve();
  };
  await sent.promise;
  expect(await server.stop('SIGTERM')).toBe(0);
  const { code } = await closed.promise;
  expect(code).toBe(1012);
  expect(received.filter(({ type }) => type === 'message').map(({ text }) => text)).toEqual([
    'one',
    'two',
    'three',
  ]);
  expect(received).toContainEqual(
    expect.objectContaining({ type: 'reconnect', after_ms: 0, jitter_ms: 77 }),
  );
});

/** Somebody in the lobby who stays until closed. */
const stayIn = (server: ServerProcess): Promise<RawSocket> => RawSocket.join(server.port, 'lobby');

test('row 26: until their moment comes, clients are served; nobody new is let in', async () => {
  const server = await spawnServer({ ...PATIENT, workers: 2 });
  using ann = await stayIn(server);
  using bob = await stayIn(server);
  const stopped = server.stop('SIGTERM');
  expect(await ann.receive('reconnect')).toMatchObject({ after_ms: 0, jitter_ms: HOUR_MS });
  expect((await fetch(`${server.http}/readyz`)).status).toBe(503);
  using late = await RawSocket.connect(server.port);
  late.write(upgradeRequest({}));
  expect((await late.answer()).status).toBe(503);
  ann.send({ type: 'message', text: 'still here', id: 'm1' });
  expect(await ann.receive('ack')).toMatchObject({ id: 'm1' });
  expect(await bob.receive('message')).toMatchObject({ text: 'still here' });
  // When the last one has gone there is nothing to wait for.
  ann[Symbol.dispose]();
  bob[Symbol.dispose]();
  expect(await stopped).toBe(0);
});

for (const signals of [['SIGTERM', 'SIGTERM'], ['SIGINT']] as const) {
  test(`row 26: ${signals.join(' and ')} hurries`, async () => {
    const server = await spawnServer({ ...PATIENT, workers: 2 });
    using ann = await stayIn(server);
    const [first, second] = signals;
    const stopped = server.stop(first);
    await ann.receive('reconnect');
    if (second !== undefined) {
      // A signal that comes at once is the same wish, passed on.
      process.kill(server.pid, second);
      await eventually('one that is taken for another', () => {
        if (!server.log().includes('stopping at once')) process.kill(server.pid, second);
        return server.log().includes('stopping at once');
      });
    }
    expect((await ann.ended()).code).toBe(1012);
    expect(await stopped).toBe(0);
  });
}

test('row 26: a client that does not read does not hold up the stop', async () => {
  const server = await spawnServer({ rate_limit: 0, send_buffer_bytes_max: 16 * 1_024 * 1_024 });
  using stalled = await stayIn(server);
  using ann = await stayIn(server);
  stalled.stall();
  const text = 'x'.repeat(16_000);
  // More than the kernel takes for a socket nobody reads: the rest waits in the server.
  for (let sent = 0; sent < 600; sent += 1) {
    ann.send({ type: 'message', text });
    if (sent % 20 === 19) for (let n = 0; n < 20; n += 1) await ann.receive('message');
  }
  const stopped = server.stop('SIGTERM');
  expect((await ann.ended()).code).toBe(1012);
  expect(await stopped).toBe(0);
});
