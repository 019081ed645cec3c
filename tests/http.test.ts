import { describe, expect, test } from 'bun:test';
import project from '../package.json';
import { MemoryLog } from '../server/log/memory.ts';
import type { LogSink } from '../server/log/port.ts';
import { eventually } from './support/eventually.ts';
import { Actor } from './support/protocol_doc_actor.ts';
import { exchangeHead, handshake } from './support/protocol_doc_handshake.ts';
import { pathOf, requires } from './support/requires.ts';
import { serve, statsOf, totalsOf } from './support/serve.ts';
import { startServer } from './support/server.ts';

const ENDPOINTS = [
  { path: '/healthz', type: 'application/json' },
  { path: '/readyz', type: 'text/plain' },
  { path: '/stats', type: 'application/json' },
  { path: '/metrics', type: 'text/plain; version=0.0.4' },
] as const;

/** A log that takes its time to stop. */
class LingeringLog extends MemoryLog {
  readonly #released: Promise<void>;

  constructor(sink: LogSink, released: Promise<void>) {
    super(sink, { idempotency_ids_max: 0 });
    this.#released = released;
  }

  override async stop(): Promise<void> {
    await this.#released;
    await super.stop();
  }
}

describe('the HTTP endpoints', () => {
  for (const { path, type } of ENDPOINTS) {
    test(`${path} answers GET and HEAD, and nothing else`, async () => {
      await using server = serve();
      const url = server.http + path;
      const full = await fetch(url);
      expect(full.status).toBe(200);
      expect(full.headers.get('content-type')).toStartWith(type);
      expect((await full.text()).length).toBeGreaterThan(0);

      const head = await fetch(url, { method: 'HEAD' });
      expect([head.status, await head.text()]).toEqual([200, '']);

      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
        const refused = await fetch(url, { method });
        expect([method, refused.status, refused.headers.get('allow')]).toEqual([
          method,
          405,
          'GET, HEAD',
        ]);
      }
    });
  }

  test('every other path is not there, whatever the method', async () => {
    await using server = serve();
    const targets = ['/', '/healthz/', '/Stats', '//stats', '/stats%2f', '/../package.json'];
    for (const target of [...targets, '/%2e%2e/package.json', '/ws/', '/favicon.ico']) {
      for (const method of ['GET', 'POST']) {
        const lines = [`${method} ${target} HTTP/1.1`, 'Host: a', 'Content-Length: 0'];
        const { statusLine } = await exchangeHead(server.port, lines);
        expect([method, target, statusLine]).toEqual([method, target, 'HTTP/1.1 404 Not Found']);
      }
    }
  });

  test('a query does not hide an endpoint', async () => {
    await using server = serve();
    expect((await fetch(`${server.http}/healthz?since=now`)).status).toBe(200);
  });

  test('/healthz is 200 from the moment clients can connect, and names the hub', async () => {
    await using server = serve();
    const health = fetch(`${server.http}/healthz`);
    const client = await Actor.open(server.url, 'hubbub.v1.json');
    expect((await client.next('replies and records')).message.type).toBe('welcome');
    expect(await (await health).json()).toEqual({ status: 'ok', hub: server.stats().hub.kind });
  });

  test('/readyz is 200 until the server stops, and then nobody is let in', async () => {
    const released = Promise.withResolvers<void>();
    const server = startServer({}, (sink) => new LingeringLog(sink, released.promise));
    const ask = async (): Promise<unknown[]> => {
      const response = await fetch(`${server.http}/readyz`);
      return [response.status, await response.text()];
    };
    expect(await ask()).toEqual([200, 'ready\n']);
    const stopped = server.stop();
    expect(await ask()).toEqual([503, 'draining\n']);
    expect((await fetch(`${server.http}/healthz`)).status).toBe(200);
    const { statusLine, headers } = await exchangeHead(server.port, handshake('/ws'));
    expect(statusLine).toBe('HTTP/1.1 503 Service Unavailable');
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    released.resolve();
    await stopped;
  });
});

describe('/stats', () => {
  test('says which server this is, and since when', async () => {
    const before_ms = Date.now();
    await using server = serve();
    const { started_at, uptime_s, ...rest } = await statsOf(server);
    expect(rest).toMatchObject({
      version: project.version,
      bun: Bun.version,
      ready: true,
      hub: { kind: 'native', rooms: 0 },
      log: 'memory',
      workers: [{ worker: 0, connections: 0, publishes_in_flight: 0 }],
    });
    expect(started_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(Date.parse(started_at)).toBeGreaterThanOrEqual(before_ms);
    await eventually('time passes', async () => (await statsOf(server)).uptime_s > uptime_s);
  });

  test('follows what happens', async () => {
    await using server = serve();
    const worker = async () => totalsOf(await statsOf(server));
    const ada = await Actor.open(`${server.url}?room=kitchen`, 'hubbub.v1.json');
    await ada.next('replies and records');
    await ada.next('replies and records');
    ada.send([{ type: 'message', room: 'kitchen', text: 'one' }]);
    ada.send([{ type: 'message', room: 'attic', text: 'two' }]);
    ada.send(['three']);
    for (let answers = 0; answers < 3; answers += 1) await ada.next('replies and records');
    expect(await worker()).toMatchObject({
      connections: 1,
      hub: { rooms: 1, members: 1, records: 1 },
      counters: {
        connections_opened: 1,
        frames_received: 3,
        messages_received: 2,
        refused: 2,
        malformed: 1,
      },
    });
    await ada.close();
    await eventually('the connection is gone', async () => (await worker()).connections === 0);
    expect(await worker()).toMatchObject({
      hub: { rooms: 1, members: 0 },
      counters: { closed: { client_left: 1 } },
    });
  });
});

describe('/metrics', () => {
  requires('promtool')('is to the taste of promtool', async () => {
    await using server = serve();
    // Every labelled metric has a sample: one connection that has ended, one that was refused.
    const client = await Actor.open(`${server.url}?room=kitchen`, 'hubbub.v1.json');
    await client.close();
    await fetch(`${server.http}/ws`);
    await eventually('the connection is gone', () => server.stats().workers[0]?.connections === 0);
    const metrics = await (await fetch(`${server.http}/metrics`)).text();
    expect(metrics).toContain('hubbub_connections_closed_total{worker="0",cause="client_left"} 1');
    expect(metrics).toContain('reason="bad_request"} 1');

    const promtool = Bun.spawn([pathOf('promtool'), 'check', 'metrics'], {
      stdin: new Blob([metrics]),
      stdout: 'pipe',
      stderr: 'pipe',
    });
    const [said, complaints, status] = await Promise.all([
      promtool.stdout.text(),
      promtool.stderr.text(),
      promtool.exited,
    ]);
    expect({ status, said, complaints }).toEqual({ status: 0, said: '', complaints: '' });
  });

  test('says the same as /stats', async () => {
    await using server = serve();
    const client = await Actor.open(`${server.url}?room=kitchen`, 'hubbub.v1.json');
    await client.next('replies and records');
    await client.next('replies and records');
    const metrics = await (await fetch(`${server.http}/metrics`)).text();
    const sampleOf = (name: string): number =>
      Number(new RegExp(`^${name}(?:{[^}]*})? (\\S+)$`, 'm').exec(metrics)?.[1]);
    expect(sampleOf('hubbub_connections')).toBe(1);
    expect(sampleOf('hubbub_room_members')).toBe(server.stats().hub.members);
    expect(sampleOf('hubbub_connections_opened_total')).toBe(1);
    expect(sampleOf('hubbub_commands_received_total')).toBe(1);
    expect(metrics).toContain(
      `hubbub_info{version="${project.version}",bun="${Bun.version}",hub="native",log="memory"} 1`,
    );
  });
});
