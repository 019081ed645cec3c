import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { RoomBench } from '../../tests/support/room_bench.ts';
import { loadConfig } from '../config/load.ts';
import { type CloseName, ERRORS, Refusal } from '../errors.ts';
import { Authenticator } from '../identity/authenticator.ts';
import { Permissions } from '../identity/permissions.ts';
import { ResumeTokens } from '../identity/resume_tokens.ts';
import { decodeFrame, type Encoding, type Fields } from '../protocol/encoding.ts';
import { type Line, Session, type SessionContext } from './session.ts';

/** A connection without a socket. */
class RecordedLine implements Line {
  readonly frames: (string | Uint8Array)[] = [];
  readonly topics = new Set<string>();
  readonly closed: CloseName[] = [];
  isOpen = true;
  welcomes = 0;
  isPaused = false;

  send(frame: string | Uint8Array): void {
    this.frames.push(frame);
  }

  subscribe(topic: string): void {
    this.topics.add(topic);
  }

  unsubscribe(topic: string): void {
    this.topics.delete(topic);
  }

  pause(): void {
    if (this.isPaused) throw new Error('paused twice');
    this.isPaused = true;
  }

  resume(): void {
    if (!this.isPaused) throw new Error('resumed without a pause');
    this.isPaused = false;
  }

  close(reason: CloseName): void {
    this.closed.push(reason);
  }

  welcomed(): void {
    this.welcomes += 1;
  }
}

const config = loadConfig([], {});
if (config === undefined) throw new Error('no configuration');
const authenticator = new Authenticator({
  resume: new ResumeTokens('a secret for tests only, long enough', 60_000),
  token_bytes_max: 8_192,
  guests: 'allow',
  guestPermissions: Permissions.all,
});

function open(bench: RoomBench, encoding: Encoding = 'json') {
  const counters = {
    messages_received: 0,
    commands_received: 0,
    rate_limited: 0,
    refused: 0,
    malformed: 0,
  };
  const limits = { ...config, publishes_in_flight_max: 3 } as SessionContext['limits'];
  const context: SessionContext = { rooms: bench.directory, authenticator, limits, counters };
  const line = new RecordedLine();
  const user = { user_id: 'id of ann', username: 'ann' };
  const session = new Session(line, encoding, context);
  session.identify({ user, permissions: Permissions.all, issued_at_ms: 0 });
  line.frames.length = 0;
  const replies = (): readonly Fields[] =>
    line.frames.flatMap((frame) => decodeFrame(encoding, frame) ?? []);
  return { session, line, counters, replies };
}

describe('reading', () => {
  test('stops at the backlog, or while somebody holds it, and only then', async () => {
    await using bench = new RoomBench();
    const steps = fc.array(fc.constantFrom('publish', 'answer', 'hold', 'release'), {
      maxLength: 100,
      size: 'max',
    });
    fc.assert(
      fc.property(steps, (moves) => {
        const { session, line } = open(bench);
        let holds = 0;
        for (const move of moves) {
          if (move === 'publish') session.publishesInFlight(1);
          if (move === 'answer' && session.inFlight > 0) session.publishesInFlight(-1);
          if (move === 'hold') session.hold();
          if (move === 'release' && holds > 0) session.release();
          if (move === 'hold') holds += 1;
          if (move === 'release') holds = Math.max(0, holds - 1);
          expect(line.isPaused).toBe(session.inFlight >= 3 || holds > 0);
        }
      }),
    );
  });
});

describe('what a client is told', () => {
  test.each(['json', 'ndjson', 'msgpack'] as const)('who it is, in %s', async (encoding) => {
    await using bench = new RoomBench();
    const { session, replies } = open(bench, encoding);
    session.welcome();
    session.welcome('a1');
    const [first, second] = replies();
    expect(first).toMatchObject({
      type: 'welcome',
      user_id: 'id of ann',
      username: 'ann',
      protocol: `hubbub.v1.${encoding}`,
      default_room: 'lobby',
    });
    expect(Object.keys(first ?? {})).not.toContain('id');
    expect(second?.id).toBe('a1');
    expect(authenticator.verify(String(first?.session))).toMatchObject({ user: session.user });
  });

  test('why a request was turned down, and which one', async () => {
    await using bench = new RoomBench();
    const { session, counters, replies } = open(bench);
    session.refuse(new Refusal('rate_limited', undefined, 40), { id: 'm1', room: 'red' });
    session.refuse(new Refusal('malformed'), { id: 5, room: {} });
    expect(replies()).toEqual([
      {
        type: 'error',
        code: 'rate_limited',
        message: ERRORS.rate_limited.message,
        temporary: true,
        room: 'red',
        id: 'm1',
        retry_after_ms: 40,
      },
      { type: 'error', code: 'malformed', message: ERRORS.malformed.message, temporary: false },
    ]);
    expect(counters.refused).toBe(2);
  });
});

test('at its end a session leaves every room, once', async () => {
  await using bench = new RoomBench();
  const { session, line } = open(bench);
  for (const name of ['red', 'blue']) {
    await (await bench.enter(name)).join(session, undefined, undefined);
  }
  expect([bench.hub.counters().members, line.topics.size]).toEqual([2, 2]);
  const before = line.frames.length;
  line.isOpen = false;
  session.end();
  session.end();
  expect(bench.hub.counters().members).toBe(0);
  expect(line.frames.length).toBe(before);
});
