import { afterEach, describe, expect, test } from 'bun:test';
import { NativeLoadEngine } from './engine.ts';
import { buildEngine, missingForEngine } from './engine_build.ts';
import { Histogram } from './histogram.ts';
import { startLiar } from './lying_server.ts';

/** What the native load engine can do beyond the port. client.test.ts has what both engines do. */

const missing = missingForEngine();
// Out here, because a compiler takes longer than a test may.
const program = missing.length === 0 ? await buildEngine() : '';
const suite =
  missing.length === 0 ? 'the native engine' : `the native engine [needs ${missing.join(' and ')}]`;

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean();
});

function startEngine(): NativeLoadEngine {
  const engine = new NativeLoadEngine(program, 0);
  cleanups.push(() => engine.stop());
  return engine;
}

const crowdOn = (port: number, members: number) => ({
  target: { hostname: '127.0.0.1', port, path: '/ws' },
  members,
  rooms: 1,
  timeout_ms: 10_000,
});

const TRAFFIC = { rate: 200, senders: 2, payload_bytes: 128, warmup_ms: 0, duration_ms: 500 };

/** A server that lets everybody join and says nothing else, with the times and addresses of all. */
function startDoor(): { port: number; addresses: string[]; times_ms: number[] } {
  const addresses: string[] = [];
  const times_ms: number[] = [];
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch(request, self) {
      times_ms.push(performance.now());
      addresses.push(self.requestIP(request)?.address ?? '');
      return self.upgrade(request) ? undefined : new Response('no');
    },
    websocket: {
      message: (socket) => {
        socket.send('{"type":"joined"}');
      },
    },
  });
  cleanups.push(() => server.stop(true));
  return { port: server.port ?? 0, addresses, times_ms };
}

describe.skipIf(missing.length > 0)(suite, () => {
  test('members come from as many addresses as wanted', async () => {
    const { port, addresses } = startDoor();
    const crowd = await startEngine().connect({ ...crowdOn(port, 30), source_addresses: 3 });
    expect(crowd).toMatchObject({ joined: 30, failed: 0 });
    const count = (address: string): number => addresses.filter((one) => one === address).length;
    expect(['127.0.0.1', '127.0.0.2', '127.0.0.3'].map(count)).toEqual([10, 10, 10]);
  });

  test('a ramp spreads the connections, and their times are told', async () => {
    const { port, times_ms } = startDoor();
    const crowd = await startEngine().connect({ ...crowdOn(port, 20), ramp_ms: 400 });
    expect(crowd).toMatchObject({ joined: 20, failed: 0 });
    expect((times_ms.at(-1) ?? 0) - (times_ms[0] ?? 0)).toBeGreaterThan(300);
    const { connect_us, first_message_us, join_us } = crowd;
    for (const times of [connect_us, first_message_us, join_us]) {
      expect(Histogram.of([times]).count).toBe(20);
    }
    expect(join_us.sum).toBeGreaterThanOrEqual(connect_us.sum + first_message_us.sum);
  });

  test('a server that does not answer costs no more than the time it was given', async () => {
    const silent = Bun.listen({
      hostname: '127.0.0.1',
      port: 0,
      socket: { data: () => undefined },
    });
    cleanups.push(async () => silent.stop(true));
    const crowd = { ...crowdOn(silent.port, 3), timeout_ms: 200 };
    expect(await startEngine().connect(crowd)).toMatchObject({ joined: 0, failed: 3 });
  });

  for (const [pattern, planned] of [
    ['burst', 100],
    ['ramp', 50],
  ] as const) {
    test(`${pattern}: everything planned is sent and checked`, async () => {
      const liar = startLiar((line) => [line]);
      cleanups.push(() => liar.stop());
      const engine = startEngine();
      await engine.connect(crowdOn(liar.port, 3));
      const plan = { ...TRAFFIC, pattern, burst_size: 25, ramp_ms: 500 };
      const report = await engine.run(plan);
      expect(report).toMatchObject({ planned, sent: planned, deliveries: planned * 3, lost: 0 });
    });
  }

  test('pings are answered', async () => {
    let ponged = 0;
    const server = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch: (request, self) => (self.upgrade(request) ? undefined : new Response('no')),
      websocket: {
        message(socket) {
          socket.ping('still there?');
        },
        pong(socket, data) {
          if (String(data) === 'still there?') ponged += 1;
          socket.send('{"type":"joined"}');
        },
      },
    });
    cleanups.push(() => server.stop(true));
    const crowd = await startEngine().connect(crowdOn(server.port ?? 0, 4));
    expect(crowd).toMatchObject({ joined: 4, failed: 0 });
    expect(ponged).toBe(4);
  });

  test('what makes no sense is refused, and the engine goes on', async () => {
    const { port } = startDoor();
    const engine = startEngine();
    await expect(engine.run(TRAFFIC)).rejects.toThrow('no crowd');
    await engine.connect(crowdOn(port, 2));
    await expect(engine.run({ ...TRAFFIC, rate: 0 })).rejects.toThrow('rate');
    expect(await engine.run(TRAFFIC)).toMatchObject({ sent: 100, lost: 200, deliveries: 0 });
    await engine.disconnect();
  });
});
