import { expect, test } from 'bun:test';
import { LoadClient } from '../../load/client.ts';
import { bunBare, startServer } from '../../process/server.ts';

const DELIVERY_BYTES = 250;
const CPU = 0;
const RATE = 1_000;

test.each(['frame', 'window', 'joined'] as const)(
  'mode %s delivers everything once, in one order, at the size asked for',
  async (mode) => {
    const server = await startServer(bunBare(mode, CPU, 20, DELIVERY_BYTES));
    try {
      const client = new LoadClient();
      const target = { hostname: '127.0.0.1', port: server.port, path: '/ws' };
      await client.connect({ target, members: 5, rooms: 1, timeout_ms: 10_000 });
      const traffic = { rate: RATE, senders: 5, payload_bytes: 128, warmup_ms: 0 };
      const report = await client.run({ ...traffic, duration_ms: 500, server_pid: server.pid });
      expect(report).toMatchObject({
        sent: RATE / 2,
        deliveries: (RATE / 2) * 5,
        lost: 0,
        duplicated: 0,
        reordered: 0,
        foreign: 0,
        orders: 1,
      });
      const { bytes, deliveries, frames, server: used } = report.window;
      expect(bytes / deliveries).toBe(DELIVERY_BYTES);
      expect(used?.rss_bytes).toBeGreaterThan(0);
      if (mode === 'joined') expect(deliveries / frames).toBeGreaterThan(1);
      else expect(deliveries).toBe(frames);
      await client.disconnect();
    } finally {
      await server.stop();
    }
  },
);

test('a mode there is not is refused', async () => {
  const child = Bun.spawn([process.execPath, 'bench/peers/bun_bare/server.ts', '--mode', 'fast'], {
    cwd: new URL('../../..', import.meta.url).pathname,
    stderr: 'pipe',
  });
  expect(await child.stderr.text()).toContain('--mode takes one of frame, window, joined.');
  expect(await child.exited).toBe(2);
});
