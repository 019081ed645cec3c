import { describe, expect, test } from 'bun:test';
import type { Command, MessageCommand } from '../commands.ts';
import type { FakeConnection } from './fake_peer.ts';
import { ENCODINGS } from './fake_wire.ts';
import { record, rejection, Stage, until } from './harness.ts';

const messagesOf = (connection: FakeConnection | undefined): readonly MessageCommand[] =>
  connection?.commands.filter((command) => command.type === 'message') ?? [];

const textsIn = (stage: Stage, room = 'lobby'): readonly string[] =>
  stage.peer.room(room).records.map(({ text }) => text);

const numbers = (count: number): string[] => Array.from({ length: count }, (_, n) => `${n}`);

/** Accepts messages without a word about it while `silent()`. */
const losingAcks = (stage: Stage, silent: () => boolean) => {
  stage.peer.script.command = (connection, command) => {
    if (command.type !== 'message' || !silent()) return false;
    stage.peer.accept(connection, command.room, command.text, command.id, false);
    return true;
  };
};

describe.each(ENCODINGS)('in %s', (_, encoding) => {
  test('a message is acknowledged with its place, and comes back to its sender', async () => {
    await using stage = new Stage();
    const client = stage.client({ encoding });
    const { messages } = record(client);
    await client.connect();
    await client.join('lobby');
    const receipt = await client.send('lobby', 'grüße 👋 \u0000"\\\n');
    expect(receipt).toMatchObject({ room: 'lobby', offset: 1, duplicate: false });
    expect(receipt.resentAcrossReset).toBe(false);
    await until('it came back', () => messages.length === 1);
    expect(messages[0]).toMatchObject({ text: 'grüße 👋 \u0000"\\\n', id: receipt.id });
  });

  test('what is sent in one turn shares a frame where frames are shared', async () => {
    await using stage = new Stage();
    const client = stage.client({ encoding });
    await client.connect();
    await client.join('lobby');
    const receipts = await Promise.all(numbers(10).map((text) => client.send('lobby', text)));
    expect(receipts.map(({ offset }) => offset)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(textsIn(stage)).toEqual(numbers(10));
    const frames = stage.peer.history[0]?.frames.slice(1).map((frame) => frame.length);
    expect(frames).toEqual(encoding.batched ? [10] : Array.from({ length: 10 }, () => 1));
  });

  test('no frame is larger than the server takes', async () => {
    await using stage = new Stage();
    stage.peer.limits = { ...stage.peer.limits, frame_bytes_max: 1_000 };
    const client = stage.client({ encoding });
    await client.connect();
    await client.join('lobby');
    const texts = numbers(20).map((text) => text.padEnd(200, 'x'));
    await Promise.all(texts.map((text) => client.send('lobby', text)));
    expect(textsIn(stage)).toEqual(texts);
    const frames = stage.peer.history[0]?.frames ?? [];
    expect(Math.max(...frames.map((frame) => JSON.stringify(frame).length))).toBeLessThan(1_200);
    // Escaped, a text that is small enough can be too much for a frame.
    const escaped = client.send('lobby', '\u0001'.repeat(500));
    if (encoding.subprotocol.endsWith('json')) {
      expect(await rejection(escaped)).toMatchObject({ code: 'text_too_large', outcome: 'none' });
    } else {
      expect((await escaped).offset).toBe(21);
    }
  });

  test('a lost acknowledgement is made up for by the same id, once', async () => {
    await using stage = new Stage();
    let silent = true;
    losingAcks(stage, () => silent);
    const client = stage.client({ encoding });
    await client.connect();
    await client.join('lobby');
    const sending = Promise.all(['a', 'b', 'c'].map((text) => client.send('lobby', text)));
    await until('they arrived', () => stage.peer.room('lobby').head === 3);
    silent = false;
    stage.peer.history[0]?.cut();
    const receipts = await sending;
    expect(receipts.map(({ duplicate }) => duplicate)).toEqual([true, true, true]);
    expect(receipts.map(({ offset }) => offset)).toEqual([1, 2, 3]);
    expect(receipts.some(({ resentAcrossReset }) => resentAcrossReset)).toBe(false);
    expect(messagesOf(stage.peer.history[1])).toEqual(messagesOf(stage.peer.history[0]));
    expect(textsIn(stage)).toEqual(['a', 'b', 'c']);
  });

  test('what is sent while offline leaves in order, once the room is joined', async () => {
    await using stage = new Stage();
    const client = stage.client({ encoding });
    await client.connect();
    await client.join('lobby');
    await stage.peer.stop();
    await until('it noticed', () => client.state !== 'online');
    const sending = Promise.all(numbers(50).map((text) => client.send('lobby', text)));
    expect(client.unacknowledged).toBe(50);
    stage.peer.start();
    await sending;
    expect(client.unacknowledged).toBe(0);
    expect(textsIn(stage)).toEqual(numbers(50));
    expect(stage.peer.history[1]?.commands[0]?.type).toBe('join');
  });
});

const TEMPORARY = ['unavailable', 'unknown_outcome', 'rate_limited'] as const;

test.each(TEMPORARY)(
  'after `%s` it goes out again with the same id, not before its time',
  async (code) => {
    await using stage = new Stage();
    const refused: Command[] = [];
    stage.peer.script.command = (connection, command) => {
      if (command.type !== 'message' || refused.length === 3) return false;
      refused.push(command);
      connection.refuse(command, { code, temporary: true, retry_after_ms: 30 });
      return true;
    };
    const client = stage.client();
    await client.connect();
    await client.join('lobby');
    const sent_at = performance.now();
    const receipt = await client.send('lobby', 'a');
    expect(performance.now() - sent_at).toBeGreaterThanOrEqual(89);
    expect(messagesOf(stage.peer.history[0]).map(({ id }) => id)).toEqual(
      Array.from({ length: 4 }, () => receipt.id),
    );
  },
);

test('a refusal that names no wait backs off by itself', async () => {
  await using stage = new Stage();
  let refusals = 5;
  stage.peer.script.command = (connection, command) => {
    if (command.type !== 'message' || refusals === 0) return false;
    refusals -= 1;
    connection.refuse(command, { code: 'unavailable', temporary: true });
    return true;
  };
  const client = stage.client();
  await client.connect();
  await client.join('lobby');
  await Promise.all(numbers(3).map((text) => client.send('lobby', text)));
  expect([...textsIn(stage)].sort()).toEqual(numbers(3));
});

test('a permanent refusal rejects, and the ones behind it go on', async () => {
  await using stage = new Stage();
  stage.peer.script.command = (connection, command) => {
    if (command.type !== 'message' || command.text !== 'bad') return false;
    connection.refuse(command, { code: 'invalid_field' });
    return true;
  };
  const client = stage.client();
  await client.connect();
  await client.join('lobby');
  const [bad, good] = await Promise.all([
    rejection(client.send('lobby', 'bad')),
    client.send('lobby', 'good'),
  ]);
  expect(bad).toMatchObject({ code: 'invalid_field', temporary: false, outcome: 'none' });
  expect(good.offset).toBe(1);
});

test('what the server could never take is refused on the spot', async () => {
  await using stage = new Stage();
  const client = stage.client();
  expect(await rejection(client.send('lobby', 'a'))).toMatchObject({ code: 'not_joined' });
  await client.connect();
  await client.join('lobby');
  const { text_bytes_max } = stage.peer.limits;
  const refusals = await Promise.all([
    rejection(client.send('lobby', 'a'.repeat(text_bytes_max + 1))),
    rejection(client.send('lobby', 'é'.repeat(text_bytes_max / 2 + 1))),
    rejection(client.send('lobby', 'half a pair: \ud800')),
  ]);
  expect(refusals.map(({ code }) => code)).toEqual([
    'text_too_large',
    'text_too_large',
    'invalid_field',
  ]);
  expect(messagesOf(stage.peer.history[0])).toEqual([]);
});

test('the queue is bounded, in messages and in bytes', async () => {
  await using stage = new Stage();
  stage.peer.script.command = (_, { type }) => type === 'message';
  const limits = { outbox_messages_max: 3, outbox_bytes_max: 100 };
  const client = stage.client({ limits });
  await client.connect();
  await client.join('lobby');
  const codes = (texts: readonly string[]): Promise<string[]> =>
    Promise.all(texts.map(async (text) => (await rejection(client.send('lobby', text))).code));
  const held = codes(['a', 'b']);
  expect(await codes(['x'.repeat(99)])).toEqual(['outbox_full']);
  const last = codes(['c']);
  expect(await codes(['d'])).toEqual(['outbox_full']);
  client.close();
  expect([...(await held), ...(await last)]).toEqual(['closed', 'closed', 'closed']);
});

test('a deadline tells whether the message may have arrived', async () => {
  await using stage = new Stage();
  losingAcks(stage, () => true);
  const client = stage.client();
  await client.connect();
  await client.join('lobby');
  const arrived = await rejection(client.send('lobby', 'a', { deadline_ms: 40 }));
  expect(arrived).toMatchObject({ code: 'deadline', outcome: 'unknown', room: 'lobby' });
  await stage.peer.stop();
  await until('it noticed', () => client.state !== 'online');
  const never = await rejection(client.send('lobby', 'b', { deadline_ms: 40 }));
  expect(never).toMatchObject({ code: 'deadline', outcome: 'none' });
  stage.peer.start();
  await until('it is back', () => client.state === 'online');
  await client.ping();
  expect(textsIn(stage)).toEqual(['a']);
});

test('a resend that the room or the server could not recognise says so', async () => {
  await using stage = new Stage();
  const { peer } = stage;
  let silent = true;
  losingAcks(stage, () => silent);
  const client = stage.client();
  await client.connect();
  await client.join('lobby');
  const across = client.send('lobby', 'epoch');
  await until('it arrived', () => peer.room('lobby').head === 1);
  peer.room('lobby').reset('epoch-2');
  silent = false;
  peer.history[0]?.cut();
  expect(await across).toMatchObject({ duplicate: false, resentAcrossReset: true });

  silent = true;
  const user = client.send('lobby', 'user');
  await until('it arrived', () => textsIn(stage).includes('user'));
  silent = false;
  peer.history[1]?.close(4501);
  expect(await user).toMatchObject({ duplicate: false, resentAcrossReset: true });
  expect(textsIn(stage)).toEqual(['epoch', 'user', 'user']);
});

test('leaving rejects what waits, and says what may have arrived', async () => {
  await using stage = new Stage();
  losingAcks(stage, () => true);
  const client = stage.client({ limits: { in_flight_max: 1 } });
  await client.connect();
  await client.join('lobby');
  const sending = [rejection(client.send('lobby', 'a')), rejection(client.send('lobby', 'b'))];
  await client.leave('lobby');
  expect((await Promise.all(sending)).map(({ code, outcome }) => [code, outcome])).toEqual([
    ['left', 'unknown'],
    ['left', 'none'],
  ]);
  expect(textsIn(stage)).toEqual(['a']);
});

test('a burst is spread over the rate the welcome allows: none comes back, order holds', async () => {
  await using stage = new Stage();
  stage.peer.limits = { ...stage.peer.limits, messages_per_second: 100, message_burst: 5 };
  let tokens = 5;
  let filled_at = performance.now();
  let refusals = 0;
  stage.peer.script.command = (connection, command) => {
    if (command.type !== 'message') return false;
    const now = performance.now();
    tokens = Math.min(5, tokens + (now - filled_at) / 10);
    filled_at = now;
    if (tokens < 1) {
      refusals += 1;
      connection.refuse(command, { code: 'rate_limited', temporary: true, retry_after_ms: 10 });
      return true;
    }
    tokens -= 1;
    return false;
  };
  // One after the other where the machine's pauses make the server refuse all the same.
  const client = stage.client({ limits: { in_flight_max: 1 } });
  await client.connect();
  await client.join('lobby');
  await Promise.all(numbers(30).map((text) => client.send('lobby', text)));
  expect(textsIn(stage)).toEqual(numbers(30));
  expect(refusals).toBeLessThan(10);
});

test('messages to a room that is being joined again wait for it', async () => {
  await using stage = new Stage();
  const { peer } = stage;
  const client = stage.client();
  await client.connect();
  await client.join('lobby');
  let refusals = 3;
  peer.script.deliver = (_, message) =>
    message.type === 'message' && message.text === 'lost' ? undefined : message;
  peer.script.command = (connection, command) => {
    if (command.type !== 'join' || refusals === 0) return false;
    refusals -= 1;
    connection.rooms.delete('lobby');
    connection.refuse(command, { code: 'unavailable', temporary: true, retry_after_ms: 10 });
    return true;
  };
  peer.publish('lobby', 'lost');
  peer.publish('lobby', 'seen');
  await until('it asked', () => refusals < 3);
  await client.send('lobby', 'mine');
  expect(textsIn(stage)).toEqual(['lost', 'seen', 'mine']);
});
