import { afterEach, expect, test } from 'bun:test';
import { type EchoFrame, type EchoServer, type EchoTreatment, startEcho } from './echo_server.ts';
import type { EchoPlan, EchoReport, NativeLoadEngine } from './engine.ts';
import { Histogram } from './histogram.ts';
import { describeNative, startNative } from './native_suite.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean();
});

async function startClients(
  members: number,
  ...given: Parameters<typeof startEcho>
): Promise<{ engine: NativeLoadEngine; server: EchoServer }> {
  const server = startEcho(...given);
  const engine = startNative();
  cleanups.push(
    () => engine.stop(),
    () => server.stop(),
  );
  const target = { hostname: '127.0.0.1', port: server.port, path: '/echo' };
  const plan = { target, members, rooms: 1, joins: false, timeout_ms: 10_000 };
  const crowd = await engine.connect(plan);
  expect(crowd).toMatchObject({ joined: members, failed: 0 });
  return { engine, server };
}

const CLIENTS = 4;
const MESSAGES = 100;
const PLAN: EchoPlan = { rate: 400, payload_bytes: 50, warmup_ms: 0, duration_ms: 250 };
const WHOLE = {
  planned: MESSAGES,
  sent: MESSAGES,
  expected_deliveries: MESSAGES,
  deliveries: MESSAGES,
  lost: 0,
  duplicated: 0,
  mismatched: 0,
  disconnected: 0,
  errors: {},
};

async function echoFrom(treat: EchoTreatment, plan: Partial<EchoPlan> = {}): Promise<EchoReport> {
  const { engine } = await startClients(1, treat);
  return engine.echo({ ...PLAN, ...plan });
}

/** Another payload in a text or a binary message, and all else as it was. */
function altered(frame: EchoFrame): EchoFrame {
  if (typeof frame === 'string') return frame.replace(/.("})$/, '!$1');
  const copy = Buffer.from(frame);
  copy[copy.length - 1] = 0x21;
  return copy;
}

/** Two messages with each other's payloads. */
function swapped(one: EchoFrame, other: EchoFrame): EchoFrame[] {
  const parsed = [one, other].map((frame) => JSON.parse(String(frame)));
  const payloads = parsed.map(({ payload }) => payload).toReversed();
  return parsed.map((message, index) => JSON.stringify({ ...message, payload: payloads[index] }));
}

/** Holds every second message back until the next one: `join` says what then goes out. */
function pairwise(join: (one: EchoFrame, other: EchoFrame) => EchoFrame[]): EchoTreatment {
  let held: EchoFrame = '';
  return (frame, nth) => {
    if (nth % 2 === 1) return join(held, frame);
    held = frame;
    return [];
  };
}

describeNative('echo', () => {
  for (const format of ['text', 'binary'] as const) {
    test(`${format}: an honest server has nothing to answer for, from 0 bytes to 1 MB`, async () => {
      const { engine } = await startClients(CLIENTS);
      for (const payload_bytes of [0, 1, 125, 70_000]) {
        const report = await engine.echo({ ...PLAN, format, payload_bytes });
        expect(report).toMatchObject(WHOLE);
        expect(Histogram.of([report.latency_us]).count).toBe(MESSAGES);
        const { bytes, bytes_in = 0, bytes_out = 0, deliveries } = report.window;
        expect(bytes).toBeGreaterThanOrEqual(deliveries * (payload_bytes + 20));
        // Frame headers come on top: 2 to 10 bytes in, and 4 more for the mask out.
        expect(bytes_in).toBeGreaterThan(bytes);
        expect(bytes_out).toBeGreaterThan(bytes + deliveries * 4);
      }
      const large = { ...PLAN, format, rate: 20, payload_bytes: 1_000_000 };
      expect(await engine.echo(large)).toMatchObject({ sent: 5, deliveries: 5, mismatched: 0 });
    });

    test(`${format}: answers in another order are as good as any`, async () => {
      const reversed = pairwise((one, other) => [other, one]);
      expect(await echoFrom(reversed, { format })).toMatchObject(WHOLE);
    });

    test(`${format}: answers that differ in one byte are found out`, async () => {
      const liar: EchoTreatment = (frame, nth) => [nth % 10 === 3 ? altered(frame) : frame];
      const found = { mismatched: MESSAGES / 10, deliveries: MESSAGES - MESSAGES / 10 };
      expect(await echoFrom(liar, { format })).toMatchObject({ ...WHOLE, ...found });
    });

    test(`${format}: answers of the other kind are no answers`, async () => {
      const liar: EchoTreatment = (frame) => [
        typeof frame === 'string' ? Buffer.from(frame) : frame.toString('latin1'),
      ];
      const found = { mismatched: MESSAGES, deliveries: 0 };
      const report = await echoFrom(liar, { format });
      expect(report).toMatchObject({ ...WHOLE, ...found });
    });

    test(`${format}: dropped and doubled answers are counted`, async () => {
      const liar: EchoTreatment = (frame, nth) =>
        nth % 10 === 4 ? [] : nth % 10 === 5 ? [frame, frame] : [frame];
      const lost = MESSAGES / 10;
      const found = { lost, duplicated: lost, deliveries: MESSAGES - lost };
      expect(await echoFrom(liar, { format })).toMatchObject({ ...WHOLE, ...found });
    });
  }

  test('a text message is as the contract has it', async () => {
    const { engine, server } = await startClients(2);
    const before_ms = Date.now();
    await engine.echo({ ...PLAN, duration_ms: 25 });
    const messages = server.received.map((frame) => JSON.parse(String(frame)));
    expect(messages.map(({ message_id }) => message_id).toSorted()).toEqual(
      Array.from({ length: 10 }, (_, index) => String(index)),
    );
    for (const { message_id, client_id, timestamp, payload, ...rest } of messages) {
      expect(client_id).toBe(String(Number(message_id) % 2));
      expect(timestamp).toBeGreaterThanOrEqual(before_ms - 1);
      expect(timestamp).toBeLessThanOrEqual(Date.now());
      expect(payload).toHaveLength(PLAN.payload_bytes);
      expect(rest).toEqual({});
    }
  });

  test('swapped payloads are found out, though every message id comes back', async () => {
    const found = { mismatched: MESSAGES, deliveries: 0 };
    expect(await echoFrom(pairwise(swapped))).toMatchObject({ ...WHOLE, ...found });
  });

  test('answers to another client, or to nobody, are found out; errors are errors', async () => {
    const stray = JSON.stringify({ message_id: '999999', client_id: '0' });
    const error = JSON.stringify({ type: 'error', code: 'malformed' });
    let astray: EchoFrame = '';
    const { engine } = await startClients(2, (frame, nth) => {
      if (String(frame).includes('"message_id":"31"')) {
        astray = frame;
        return [];
      }
      // Whole, and to the other client.
      if (String(frame).includes('"message_id":"32"')) return [frame, astray];
      return nth === 10 ? [frame, stray] : nth === 20 ? [frame, error] : [frame];
    });
    const found = { mismatched: 2, lost: 1, deliveries: MESSAGES - 1, errors: { malformed: 1 } };
    expect(await engine.echo(PLAN)).toMatchObject({ ...WHOLE, ...found });
  });

  test('a stall shows in the latency of every message that had to wait', async () => {
    const STALL_MS = 1_000;
    const { engine } = await startClients(CLIENTS, undefined, (nth) => (nth === 50 ? STALL_MS : 0));
    const { latency_us } = await engine.echo(PLAN);
    const latency = Histogram.of([latency_us]);
    expect(latency.percentile(99.9)).toBeGreaterThanOrEqual(STALL_MS * 1_000);
    expect(latency.percentile(60)).toBeGreaterThan((STALL_MS / 2) * 1_000);
  });

  test('runs again after a storm, and not on a crowd in rooms', async () => {
    const { engine, server } = await startClients(CLIENTS);
    const storm = await engine.storm({ timeout_ms: 10_000 });
    expect(storm).toMatchObject({ members: CLIENTS, failed: 0 });
    expect(await engine.echo(PLAN)).toMatchObject(WHOLE);
    const traffic = { ...PLAN, senders: 1, payload_bytes: 128 };
    await expect(engine.run(traffic)).rejects.toThrow('no crowd in rooms');
    await engine.disconnect();
    await expect(engine.echo(PLAN)).rejects.toThrow('no crowd for echoes');
    expect(server.received).toHaveLength(MESSAGES);
  });
});
