import { expect, test } from 'bun:test';
import { spawnServer } from './support/process.ts';

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
  expect(received.at(-1)).toEqual(
    expect.objectContaining({ type: 'reconnect', after_ms: 0, jitter_ms: 77 }),
  );
});
