import { afterEach, describe, expect, test } from 'bun:test';
import { LoadClient } from './client.ts';
import { NativeLoadEngine } from './engine.ts';
import { buildEngine, missingForEngine } from './engine_build.ts';
import { Histogram } from './histogram.ts';
import { type LyingServer, startLiar } from './lying_server.ts';
import { NO_FAULT } from './no_fault.ts';
import type { LoadEngine, TrafficReport } from './port.ts';

/** Both load engines against servers that do on purpose what a server must not do. */

const missing = missingForEngine();
// Out here, because a compiler takes longer than a test may.
const program = missing.length === 0 ? await buildEngine() : '';
const CLIENT_CPU = 0;

const ENGINES = [
  { name: 'the TypeScript client', start: () => new LoadClient(), declare: test },
  {
    name: 'the native engine',
    start: startNative,
    declare:
      missing.length === 0
        ? test
        : (name: string, body: () => Promise<void>) =>
            test.skip(`${name} [needs ${missing.join(' and ')}]`, body),
  },
] as const;

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean();
});

function startNative(): NativeLoadEngine {
  const engine = new NativeLoadEngine(program, CLIENT_CPU);
  cleanups.push(() => engine.stop());
  return engine;
}

function lyingServer(...given: Parameters<typeof startLiar>): LyingServer {
  const liar = startLiar(...given);
  cleanups.push(() => liar.stop());
  return liar;
}

const MEMBERS = 4;
const MESSAGES = 200;

async function runAgainst(
  client: LoadEngine,
  { port }: LyingServer,
  traffic: { readonly senders?: number; readonly rate?: number } = {},
): Promise<TrafficReport> {
  const { senders = 2, rate = 400 } = traffic;
  const target = { hostname: '127.0.0.1', port, path: '/ws' };
  const crowd = await client.connect({ target, members: MEMBERS, rooms: 1, timeout_ms: 10_000 });
  expect(crowd).toMatchObject({ joined: MEMBERS, failed: 0 });
  const report = await client.run({
    rate,
    senders,
    payload_bytes: 128,
    warmup_ms: 0,
    duration_ms: (MESSAGES * 1_000) / rate,
    server_pid: process.pid,
  });
  await client.disconnect();
  expect(report.sent).toBe(MESSAGES);
  return report;
}

for (const { name, start, declare } of ENGINES) {
  describe(name, () => {
    declare('an honest server has nothing to answer for', async () => {
      const report = await runAgainst(
        start(),
        lyingServer((line) => [line]),
      );
      expect(report).toMatchObject({
        ...NO_FAULT,
        planned: MESSAGES,
        expected_deliveries: MESSAGES * MEMBERS,
        deliveries: MESSAGES * MEMBERS,
        errors: {},
      });
      const { window, latency_us } = report;
      expect(window.bytes / window.deliveries).toBe(128 - 'chat'.length + 'message'.length);
      expect(Histogram.of([latency_us]).count).toBe(MESSAGES * MEMBERS);
    });

    declare(
      'a server whose workers cut batches of their own shows one order all the same',
      async () => {
        let held = '';
        const liar = lyingServer((line, nth, member) => {
          const numbered = line.replace(/}$/, `,"offset":${nth + 1}}`);
          if (member % 2 === 0) return [numbered];
          if (nth % 2 === 1) return [`${held}\n${numbered}`];
          held = numbered;
          return [];
        });
        const report = await runAgainst(start(), liar);
        expect(report).toMatchObject({ ...NO_FAULT, deliveries: MESSAGES * MEMBERS });
        expect(report.window.deliveries).toBeGreaterThan(report.window.frames);
      },
    );

    declare('a server that drops every tenth message for one member is found out', async () => {
      const liar = lyingServer((line, nth, member) =>
        member === 1 && nth % 10 === 9 ? [] : [line],
      );
      const lost = MESSAGES / 10;
      const deliveries = MESSAGES * MEMBERS - lost;
      expect(await runAgainst(start(), liar)).toMatchObject({ ...NO_FAULT, lost, deliveries });
    });

    declare('a server that drops the end is found out, too', async () => {
      const liar = lyingServer((line, nth) => (nth >= MESSAGES - 5 ? [] : [line]));
      expect(await runAgainst(start(), liar)).toMatchObject({
        ...NO_FAULT,
        lost: 5 * MEMBERS,
        orders: 0,
      });
    });

    declare('a server that says every tenth message twice to one member is found out', async () => {
      const liar = lyingServer((line, nth, member) =>
        member === 2 && nth % 10 === 0 ? [line, line] : [line],
      );
      const report = await runAgainst(start(), liar);
      expect(report).toMatchObject({ ...NO_FAULT, duplicated: MESSAGES / 10, orders: 2 });
    });

    declare('a server that lets messages overtake each other is found out', async () => {
      let held = '';
      const liar = lyingServer((line, nth, member) => {
        if (member !== 0) return [line];
        if (nth % 10 === 3) {
          held = line;
          return [];
        }
        return nth % 10 === 4 ? [line, held] : [line];
      });
      const report = await runAgainst(start(), liar, { senders: 1 });
      expect(report).toMatchObject({ ...NO_FAULT, reordered: MESSAGES / 10, orders: 2 });
    });

    declare(
      'a server that has no one order for all is found out, even when each sender’s is right',
      async () => {
        let held = '';
        const liar = lyingServer((line, nth, member) => {
          if (member !== 3) return [line];
          if (nth === 50) held = line;
          return nth === 50 ? [] : nth === 51 ? [line, held] : [line];
        });
        // Two senders take turns: message 50 is one's and message 51 the other's.
        expect(await runAgainst(start(), liar)).toMatchObject({ ...NO_FAULT, orders: 2 });
      },
    );

    declare('a server that invents messages, or leaks another room’s, is found out', async () => {
      const leak = JSON.stringify({ type: 'message', room: 'bench-1', text: '0:0:0:' });
      const liar = lyingServer((line, nth) => {
        if (nth === 10) return [line, line.replace(/"text":"(\d+):\d+/, '"text":"$1:999999')];
        return nth === 20 ? [line, leak] : [line];
      });
      expect(await runAgainst(start(), liar)).toMatchObject({ ...NO_FAULT, foreign: 2 * MEMBERS });
    });

    declare(
      'a server whose offsets leave a hole is found out, even when nothing is lost',
      async () => {
        const liar = lyingServer((line, nth, member) => {
          const offset = member === 2 && nth >= 120 ? nth + 1 : nth;
          return [line.replace(/}$/, `,"offset":${offset}}`)];
        });
        expect(await runAgainst(start(), liar)).toMatchObject({ ...NO_FAULT, gaps: 1 });
      },
    );

    declare('errors are counted by their code', async () => {
      const error = JSON.stringify({ type: 'error', code: 'rate_limited' });
      const liar = lyingServer((line, nth, member) =>
        member === 0 && nth < 3 ? [line, error] : [line],
      );
      expect(await runAgainst(start(), liar)).toMatchObject({
        ...NO_FAULT,
        errors: { rate_limited: 3 },
      });
    });

    declare(
      'a server that stalls shows it in the latency of every message that had to wait',
      async () => {
        const STALL_MS = 1_000;
        const liar = lyingServer(
          (line) => [line],
          (nth) => (nth === MESSAGES / 2 ? STALL_MS : 0),
        );
        // 400 messages/s for half a second: the 100 behind the stall were all to be sent while it lasted.
        const { latency_us } = await runAgainst(start(), liar);
        const latency = Histogram.of([latency_us]);
        expect(latency.percentile(99.9)).toBeGreaterThanOrEqual(STALL_MS * 1_000);
        expect(latency.percentile(60)).toBeGreaterThan((STALL_MS / 2) * 1_000);
      },
    );

    declare('a server that hangs up is noticed', async () => {
      const server = Bun.serve({
        hostname: '127.0.0.1',
        port: 0,
        fetch: (request, self) => (self.upgrade(request) ? undefined : new Response('no')),
        websocket: {
          message(socket, frame) {
            if (String(frame).includes('"join"')) socket.send('{"type":"joined"}');
            else socket.terminate();
          },
        },
      });
      cleanups.push(() => server.stop(true));
      const client = start();
      const target = { hostname: '127.0.0.1', port: server.port ?? 0, path: '/ws' };
      await client.connect({ target, members: 2, rooms: 1, timeout_ms: 10_000 });
      const traffic = { rate: 100, senders: 1, payload_bytes: 128, warmup_ms: 0, duration_ms: 200 };
      const report = await client.run({ ...traffic, server_pid: process.pid });
      expect(report.disconnected).toBe(1);
      expect(report.sent).toBeLessThan(report.planned);
    });

    declare('members who cannot join are counted, with the reason', async () => {
      const server = Bun.serve({
        hostname: '127.0.0.1',
        port: 0,
        fetch: () => new Response('full', { status: 503 }),
      });
      cleanups.push(() => server.stop(true));
      const target = { hostname: '127.0.0.1', port: server.port ?? 0, path: '/ws' };
      const crowd = { target, members: 3, rooms: 1, timeout_ms: 10_000 };
      const report = await start().connect(crowd);
      expect(report).toMatchObject({ joined: 0, failed: 3 });
      expect(report.failure).toContain('503');
    });
  });
}
