import { describe, expect, test } from 'bun:test';
import { eventually } from './support/eventually.ts';
import { servePlanted } from './support/planted_server.ts';
import { spawnServer } from './support/process.ts';
import { RawSocket, upgradeRequest } from './support/raw_socket.ts';
import { serveAlone, statsOf, totalsOf } from './support/serve.ts';
import { ROOT } from './support/sources.ts';

const TEST_DEADLINE_MS = 60_000;
const USAGE_ERROR = 2;

/** Connects until each of two workers has at least `least` of the connections. */
async function spread(server: { port: number; http: string }, least: number): Promise<RawSocket[]> {
  const peers: RawSocket[] = [];
  for (;;) {
    const { workers } = await statsOf(server);
    if (workers.length === 2 && workers.every(({ connections }) => connections >= least)) {
      return peers;
    }
    // The kernel chooses by a hash of both ends: 64 on the same side would be a defect.
    if (peers.length >= 64) throw new Error('the connections are not spread');
    peers.push(await RawSocket.join(server.port, 'lobby'));
  }
}

describe('two workers', () => {
  test('show one room, one order and one account, whichever of them is asked', async () => {
    await using server = await serveAlone({ workers: 2, rate_limit: 0 });
    const peers = await spread(server, 2);
    const texts = peers.flatMap((_, sender) => [`${sender} a`, `${sender} b`]);
    for (const [sender, peer] of peers.entries()) {
      peer.send({ type: 'message', text: `${sender} a` }, { type: 'message', text: `${sender} b` });
    }
    const orders: string[] = [];
    for (const peer of peers) {
      const order: unknown[] = [];
      for (const [n] of texts.entries()) {
        const { offset, text } = await peer.receive('message');
        expect(offset).toBe(n + 1);
        order.push(text);
      }
      orders.push(JSON.stringify(order));
    }
    expect(new Set(orders).size).toBe(1);
    expect(JSON.parse(orders[0] ?? '').toSorted()).toEqual(texts.toSorted());

    // A connection of its own for each question: sooner or later both have answered, and alike.
    for (let asked = 0; asked < 20; asked += 1) {
      const response = await fetch(`${server.http}/stats`, { headers: { connection: 'close' } });
      const totals = totalsOf((await response.json()) as Awaited<ReturnType<typeof statsOf>>);
      expect(totals).toMatchObject({
        connections: peers.length,
        publishes_in_flight: 0,
        hub: { kind: 'native', rooms: 1, members: peers.length, records: texts.length },
        counters: { messages_received: texts.length, connections_opened: peers.length },
      });
    }
    const metrics = await (await fetch(`${server.http}/metrics`)).text();
    expect(metrics).toContain(`hubbub_connections ${peers.length}\n`);
    expect(metrics).toContain('hubbub_messages_received_total{worker="0"}');
    expect(metrics).toContain('hubbub_messages_received_total{worker="1"}');
    for (const peer of peers) peer[Symbol.dispose]();
    await eventually('everybody has gone', async () => {
      const { connections, hub } = totalsOf(await statsOf(server));
      return connections === 0 && hub.members === 0;
    });
  });

  test('take no more connections than one would', async () => {
    await using server = await serveAlone({
      workers: 2,
      connections_max: 12,
      connections_per_address: 4,
    });
    const from = async (source: string): Promise<{ peer: RawSocket; status: number }> => {
      const peer = await RawSocket.connect(server.port, source);
      peer.write(upgradeRequest({}));
      return { peer, status: (await peer.answer()).status };
    };
    const sources = ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4'];
    const statuses: number[][] = [];
    const peers: RawSocket[] = [];
    for (const source of sources) {
      const tries: Awaited<ReturnType<typeof from>>[] = [];
      for (let n = 0; n < 8; n += 1) tries.push(await from(source));
      statuses.push(tries.map(({ status }) => status));
      peers.push(...tries.map(({ peer }) => peer));
    }
    const byAddress = [101, 101, 101, 101, 429, 429, 429, 429];
    const byServer = [101, 101, 101, 101, 503, 503, 503, 503];
    expect(statuses).toEqual([byAddress, byAddress, byServer, Array(8).fill(503)]);
    for (const peer of peers) peer[Symbol.dispose]();
    await eventually('everybody has gone', async () => {
      return totalsOf(await statsOf(server)).connections === 0;
    });
    expect((await from('127.0.0.4')).status).toBe(101);
  });

  for (const [fault, inWorker, reason] of [
    ['throws', `throw new Error('a planted defect')`, 'worker 0 failed: a planted defect'],
    ['rejects', `Promise.reject(new Error('a planted defect'))`, 'worker 0 failed: a planted'],
    ['ends', 'process.exit(7)', 'worker 0 ended with status 7'],
  ] as const) {
    test(
      `row 24: a worker that ${fault} sends everybody away and ends the process with 1`,
      async () => {
        await using server = await servePlanted({ workers: 2 }, { inWorker });
        const peers = await spread(server, 1);
        server.trigger();
        const endings = await Promise.all(peers.map((peer) => peer.ended()));
        // Who was with a worker that is gone has lost the connection; the others are told.
        const codes = new Set(endings.map(({ code }) => code));
        expect(codes).toContain(1012);
        await eventually('it has said why', () => server.log().includes(reason));
        expect(await server.stop('SIGTERM')).toBe(1);
      },
      TEST_DEADLINE_MS,
    );
  }
});

describe('the port', () => {
  /** @returns exit status and complaint of a server that cannot have this port */
  async function second(...flags: string[]): Promise<{ status: number; complaint: string }> {
    const child = Bun.spawn([process.execPath, 'server/main.ts', ...flags], {
      cwd: ROOT,
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'pipe',
    });
    const [status, complaint] = await Promise.all([child.exited, child.stderr.text()]);
    return { status, complaint };
  }

  test('belongs to one process, however many threads either has', async () => {
    await using server = await serveAlone({ workers: 2 });
    const port = ['--port', String(server.port), '--log', 'memory'];
    port.push('--session-secret', 'a secret for tests only');
    for (const host of ['127.0.0.1', '0.0.0.0', 'localhost']) {
      for (const workers of ['1', '2']) {
        const refused = await second('--host', host, '--workers', workers, ...port);
        expect({ host, workers, ...refused }).toMatchObject({ status: USAGE_ERROR });
        expect(refused.complaint).toContain('another process does already');
      }
    }
  });

  test('is free again after kill -9', async () => {
    const first = await spawnServer({ workers: 2 });
    await first.stop('SIGKILL');
    await using again = await serveAlone({ workers: 2, port: first.port });
    expect(again.port).toBe(first.port);
  });
});

describe('without the addon', () => {
  test('the TypeScript hub serves on one thread, and says so wherever one looks', async () => {
    await using server = await servePlanted({}, { withoutAddon: true });
    const health = (await (await fetch(`${server.http}/healthz`)).json()) as { fallback: string };
    expect(health).toMatchObject({ status: 'ok', hub: 'script' });
    expect(health.fallback).toContain('the addon cannot be loaded');
    const { hub, workers } = await statsOf(server);
    expect([hub.kind, hub.fallback, workers.length]).toEqual(['script', health.fallback, 1]);
    expect(server.log()).toMatch(/"level":40.*the addon cannot be loaded.*TypeScript hub/);
    using peer = await RawSocket.join(server.port, 'lobby');
    peer.send({ type: 'message', text: 'still works' });
    expect(await peer.receive('message')).toMatchObject({ text: 'still works', offset: 1 });
  });

  for (const options of [{ hub: 'native' }, { workers: 2 }] as const) {
    test(`${JSON.stringify(options)} is refused at the start`, async () => {
      const start = servePlanted(options, { withoutAddon: true });
      expect(start).rejects.toThrow(/ended before it listened:\nhubbub: --.*cannot be loaded/);
      await start.catch(() => undefined);
    });
  }

  test('threads for the TypeScript hub are refused at the start', async () => {
    const start = spawnServer({ hub: 'script', workers: 2 });
    expect(start).rejects.toThrow('the TypeScript hub serves on one thread');
    await start.catch(() => undefined);
  });
});
