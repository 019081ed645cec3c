import { afterEach, expect, test } from 'bun:test';
import type { ServerWebSocket } from 'bun';
import type { NativeTrafficReport } from './engine.ts';
import { describeNative, startNative } from './native_suite.ts';
import { NO_FAULT } from './no_fault.ts';

/** The native load engine in Centrifugo's client protocol, against a server that speaks as much of it. */

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean();
});

interface Command {
  readonly id?: number;
  readonly connect?: object;
  readonly subscribe?: { readonly channel: string };
  readonly publish?: { readonly channel: string; readonly data: object };
}

interface Session {
  channel?: string;
}

/** What a server says instead of what it should. */
interface Faults {
  /** The code with which the nth publish is refused. */
  readonly refuses?: (nth: number) => number | undefined;
  /** Whether the nth publish does not reach who has subscribed as the mth. */
  readonly drops?: (nth: number, member: number) => boolean;
  readonly noSubscribing?: boolean;
  /** How many frames are gathered for who has subscribed as the mth, and joined then. */
  readonly joins?: (member: number) => number;
}

interface Centrifugo {
  readonly port: number;
  readonly commands: readonly Command[];
  /** Answers to pings. */
  readonly pongs: () => number;
}

function startCentrifugo(faults: Faults = {}): Centrifugo {
  const members: ServerWebSocket<Session>[] = [];
  const gathered = new Map<number, string[]>();
  const commands: Command[] = [];
  let published = 0;
  let pongs = 0;
  const publish = (socket: ServerWebSocket<Session>, { id, publish: given }: Command): void => {
    const nth = published;
    published += 1;
    const code = faults.refuses?.(nth);
    if (code !== undefined) {
      socket.send(JSON.stringify({ id, error: { code, message: 'no', temporary: false } }));
      return;
    }
    const pub = { data: given?.data, info: { user: '', client: 'a' }, offset: nth + 1 };
    const push = JSON.stringify({ push: { channel: given?.channel, pub } });
    for (const [index, member] of members.entries()) {
      if (member.data.channel !== given?.channel || faults.drops?.(nth, index) === true) continue;
      // The answer to the publisher stands in the same frame, and now and then a ping does.
      const ack = member === socket ? [JSON.stringify({ id, publish: {} })] : [];
      const ping = nth === 50 ? ['{}'] : [];
      say(index, member, [...ack, push, ...ping]);
    }
  };
  const say = (index: number, member: ServerWebSocket<Session>, lines: string[]): void => {
    const all = [...(gathered.get(index) ?? []), ...lines];
    const isEnough = all.length >= (faults.joins?.(index) ?? 1);
    gathered.set(index, isEnough ? [] : all);
    if (isEnough) member.send(all.join('\n'));
  };
  const server = Bun.serve<Session, never>({
    hostname: '127.0.0.1',
    port: 0,
    fetch(request, self) {
      const isPath = new URL(request.url).pathname === '/connection/websocket';
      return isPath && self.upgrade(request, { data: {} }) ? undefined : new Response('no');
    },
    websocket: {
      message(socket, frame) {
        const command = JSON.parse(String(frame)) as Command;
        const { id } = command;
        if (id === undefined) {
          pongs += 1;
          return;
        }
        commands.push(command);
        if (command.connect !== undefined) {
          const connect = { client: 'a', version: '0', ping: 25, pong: true };
          socket.send(JSON.stringify({ id, connect }));
        } else if (command.subscribe !== undefined && faults.noSubscribing === true) {
          socket.send(JSON.stringify({ id, error: { code: 103, message: 'permission denied' } }));
        } else if (command.subscribe !== undefined) {
          socket.data.channel = command.subscribe.channel;
          members.push(socket);
          socket.send(JSON.stringify({ id, subscribe: {} }));
        } else {
          publish(socket, command);
        }
      },
    },
  });
  cleanups.push(() => server.stop(true));
  return { port: server.port ?? 0, commands, pongs: () => pongs };
}

const MEMBERS = 4;
const MESSAGES = 100;
const TRAFFIC = { rate: 400, senders: 2, payload_bytes: 128, warmup_ms: 0, duration_ms: 250 };

const crowdOn = (port: number) => ({
  target: { hostname: '127.0.0.1', port, path: '/connection/websocket' },
  encoding: 'centrifugo' as const,
  members: MEMBERS,
  rooms: 1,
  timeout_ms: 10_000,
});

async function runAgainst({ port }: Centrifugo): Promise<NativeTrafficReport> {
  const engine = startNative();
  cleanups.push(() => engine.stop());
  expect(await engine.connect(crowdOn(port))).toMatchObject({ joined: MEMBERS, failed: 0 });
  return engine.run(TRAFFIC);
}

describeNative('in the protocol of Centrifugo', () => {
  test('answers to publishers are no deliveries, and pings are answered by everybody', async () => {
    const server = startCentrifugo();
    const report = await runAgainst(server);
    const deliveries = MESSAGES * MEMBERS;
    expect(report).toMatchObject({ ...NO_FAULT, sent: MESSAGES, deliveries, errors: {} });
    expect(server.pongs()).toBe(MEMBERS);
    const publishes = server.commands.filter(({ publish }) => publish !== undefined);
    const text = (publishes[0]?.publish?.data as { text: string } | undefined)?.text ?? '';
    // As long as the text of a `chat` frame of 128 bytes.
    expect(text).toHaveLength(128 - '{"type":"chat","room":"bench-0","text":""}'.length);
    expect(publishes.map(({ id }) => id)).not.toContain(0);
    expect(new Set(publishes.map(({ id }) => id)).size).toBe(MESSAGES / 2);
  });

  test('frames may be cut for each member in a way of its own', async () => {
    // Two of them send, and get a frame for each message; what the others get is joined.
    const joins = (member: number): number => [1, 1, 5, 10][member] ?? 1;
    const drops = (nth: number, member: number): boolean => member === 3 && nth % 20 === 1;
    const report = await runAgainst(startCentrifugo({ joins, drops }));
    const lost = MESSAGES / 20;
    const { deliveries, duplicated, reordered, foreign, orders, window } = report;
    expect({ duplicated, reordered, foreign, orders }).toEqual({
      duplicated: 0,
      reordered: 0,
      foreign: 0,
      orders: 1,
    });
    // What is gathered in the end and not sent is lost as well.
    expect(report.lost).toBeGreaterThanOrEqual(lost);
    expect(report.lost).toBeLessThan(lost + 15);
    expect(deliveries + report.lost).toBe(MESSAGES * MEMBERS);
    expect(window.frames).toBeLessThan(deliveries);
  });

  test('what does not reach a member is found out', async () => {
    const drops = (nth: number, member: number): boolean => member === 1 && nth % 10 === 9;
    const report = await runAgainst(startCentrifugo({ drops }));
    const lost = MESSAGES / 10;
    const found = { lost, deliveries: MESSAGES * MEMBERS - lost };
    // The gap behind the last one is never seen.
    expect(report).toMatchObject({ ...NO_FAULT, ...found, gaps: lost - 1 });
  });

  test('refused publishes are errors by their code', async () => {
    const refuses = (nth: number): number | undefined => (nth % 10 === 0 ? 111 : undefined);
    const report = await runAgainst(startCentrifugo({ refuses }));
    const lost = (MESSAGES / 10) * MEMBERS;
    expect(report).toMatchObject({ lost, errors: { '111': MESSAGES / 10 } });
  });

  test('who may not subscribe has not joined', async () => {
    const { port } = startCentrifugo({ noSubscribing: true });
    const engine = startNative();
    cleanups.push(() => engine.stop());
    const report = await engine.connect(crowdOn(port));
    expect(report).toMatchObject({ joined: 0, failed: MEMBERS });
    expect(report.failure).toContain('103');
  });
});
