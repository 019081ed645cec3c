import { afterEach, expect, test } from 'bun:test';
import type { ServerWebSocket } from 'bun';
import { LoadClient } from './client.ts';
import { Histogram } from './histogram.ts';
import { NO_FAULT } from './no_fault.ts';
import type { TrafficReport } from './port.ts';

/** The load client against servers that do on purpose what a server must not do. */

interface Chat {
  readonly room: string;
  readonly text: string;
}

/** What a server does with the nth message of its life, for the member who joined as mth. */
type Treatment = (line: string, nth: number, member: number) => readonly string[];

interface LyingServer {
  readonly port: number;
  stop(): Promise<void>;
}

const servers: LyingServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

function startLiar(treat: Treatment, stall_ms: (nth: number) => number = () => 0): LyingServer {
  const members: ServerWebSocket<undefined>[] = [];
  let count = 0;
  const server = Bun.serve<undefined, never>({
    hostname: '127.0.0.1',
    port: 0,
    fetch: (request, self) => (self.upgrade(request) ? undefined : new Response('no')),
    websocket: {
      message(socket, frame) {
        const { type, room, text }: Chat & { type: string } = JSON.parse(String(frame));
        if (type === 'join') {
          members.push(socket);
          socket.send(JSON.stringify({ type: 'joined', room }));
          return;
        }
        const nth = count;
        count += 1;
        const line = JSON.stringify({ type: 'message', room, text });
        Bun.sleepSync(stall_ms(nth));
        for (const [index, member] of members.entries()) {
          for (const said of treat(line, nth, index)) member.send(said);
        }
      },
    },
  });
  const liar = { port: server.port ?? 0, stop: () => server.stop(true) };
  servers.push(liar);
  return liar;
}

const MEMBERS = 4;
const MESSAGES = 200;

async function runAgainst(
  { port }: LyingServer,
  traffic: { readonly senders?: number; readonly rate?: number } = {},
): Promise<TrafficReport> {
  const { senders = 2, rate = 400 } = traffic;
  const client = new LoadClient();
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

test('an honest server has nothing to answer for', async () => {
  const report = await runAgainst(startLiar((line) => [line]));
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

test('a server whose workers cut batches of their own shows one order all the same', async () => {
  let held = '';
  const liar = startLiar((line, nth, member) => {
    const numbered = line.replace(/}$/, `,"offset":${nth + 1}}`);
    if (member % 2 === 0) return [numbered];
    if (nth % 2 === 1) return [`${held}\n${numbered}`];
    held = numbered;
    return [];
  });
  const report = await runAgainst(liar);
  expect(report).toMatchObject({ ...NO_FAULT, deliveries: MESSAGES * MEMBERS });
  expect(report.window.deliveries).toBeGreaterThan(report.window.frames);
});

test('a server that drops every tenth message for one member is found out', async () => {
  const liar = startLiar((line, nth, member) => (member === 1 && nth % 10 === 9 ? [] : [line]));
  const lost = MESSAGES / 10;
  const deliveries = MESSAGES * MEMBERS - lost;
  expect(await runAgainst(liar)).toMatchObject({ ...NO_FAULT, lost, deliveries });
});

test('a server that drops the end is found out, too', async () => {
  const liar = startLiar((line, nth) => (nth >= MESSAGES - 5 ? [] : [line]));
  expect(await runAgainst(liar)).toMatchObject({ ...NO_FAULT, lost: 5 * MEMBERS, orders: 0 });
});

test('a server that says every tenth message twice to one member is found out', async () => {
  const liar = startLiar((line, nth, member) =>
    member === 2 && nth % 10 === 0 ? [line, line] : [line],
  );
  const report = await runAgainst(liar);
  expect(report).toMatchObject({ ...NO_FAULT, duplicated: MESSAGES / 10, orders: 2 });
});

test('a server that lets messages overtake each other is found out', async () => {
  let held = '';
  const liar = startLiar((line, nth, member) => {
    if (member !== 0) return [line];
    if (nth % 10 === 3) {
      held = line;
      return [];
    }
    return nth % 10 === 4 ? [line, held] : [line];
  });
  const report = await runAgainst(liar, { senders: 1 });
  expect(report).toMatchObject({ ...NO_FAULT, reordered: MESSAGES / 10, orders: 2 });
});

test('a server that has no one order for all is found out, even when each sender’s is right', async () => {
  let held = '';
  const liar = startLiar((line, nth, member) => {
    if (member !== 3) return [line];
    if (nth === 50) held = line;
    return nth === 50 ? [] : nth === 51 ? [line, held] : [line];
  });
  // Two senders take turns: message 50 is one's and message 51 the other's.
  expect(await runAgainst(liar)).toMatchObject({ ...NO_FAULT, orders: 2 });
});

test('a server that invents messages, or leaks another room’s, is found out', async () => {
  const leak = JSON.stringify({ type: 'message', room: 'bench-1', text: '0:0:0:' });
  const liar = startLiar((line, nth) => {
    if (nth === 10) return [line, line.replace(/"text":"(\d+):\d+/, '"text":"$1:999999')];
    return nth === 20 ? [line, leak] : [line];
  });
  expect(await runAgainst(liar)).toMatchObject({ ...NO_FAULT, foreign: 2 * MEMBERS });
});

test('a server whose offsets leave a hole is found out, even when nothing is lost', async () => {
  const liar = startLiar((line, nth, member) => {
    const offset = member === 2 && nth >= 120 ? nth + 1 : nth;
    return [line.replace(/}$/, `,"offset":${offset}}`)];
  });
  expect(await runAgainst(liar)).toMatchObject({ ...NO_FAULT, gaps: 1 });
});

test('errors are counted by their code', async () => {
  const error = JSON.stringify({ type: 'error', code: 'rate_limited' });
  const liar = startLiar((line, nth, member) => (member === 0 && nth < 3 ? [line, error] : [line]));
  expect(await runAgainst(liar)).toMatchObject({ ...NO_FAULT, errors: { rate_limited: 3 } });
});

test('a server that stalls shows it in the latency of every message that had to wait', async () => {
  const STALL_MS = 600;
  const liar = startLiar(
    (line) => [line],
    (nth) => (nth === MESSAGES / 2 ? STALL_MS : 0),
  );
  // 400 messages/s for half a second: the 100 behind the stall were all to be sent while it lasted.
  const { latency_us } = await runAgainst(liar);
  const latency = Histogram.of([latency_us]);
  expect(latency.max).toBeGreaterThanOrEqual(STALL_MS * 1_000);
  expect(latency.percentile(60)).toBeGreaterThan((STALL_MS / 2) * 1_000);
});

test('a server that hangs up is noticed', async () => {
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
  servers.push({ port: server.port ?? 0, stop: () => server.stop(true) });
  const client = new LoadClient();
  const target = { hostname: '127.0.0.1', port: server.port ?? 0, path: '/ws' };
  await client.connect({ target, members: 2, rooms: 1, timeout_ms: 10_000 });
  const traffic = { rate: 100, senders: 1, payload_bytes: 128, warmup_ms: 0, duration_ms: 200 };
  const report = await client.run({ ...traffic, server_pid: process.pid });
  expect(report.disconnected).toBe(1);
  expect(report.sent).toBeLessThan(report.planned);
});

test('members who cannot join are counted, with the reason', async () => {
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: () => new Response('full', { status: 503 }),
  });
  servers.push({ port: server.port ?? 0, stop: () => server.stop(true) });
  const target = { hostname: '127.0.0.1', port: server.port ?? 0, path: '/ws' };
  const crowd = { target, members: 3, rooms: 1, timeout_ms: 10_000 };
  const report = await new LoadClient().connect(crowd);
  expect(report).toMatchObject({ joined: 0, failed: 3 });
  expect(report.failure).toContain('503');
});
