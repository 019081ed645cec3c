import { describe, expect, test } from 'bun:test';
import type { ServerMessage, UserPresence } from '../../server/protocol/messages.ts';
import { ENCODINGS } from './fake_wire.ts';
import { record, rejection, Stage, until } from './harness.ts';

const texts = (count: number, from = 1): string[] =>
  Array.from({ length: count }, (_, index) => `text ${from + index}`);

/** Drops the records with these texts on their way to anybody, once each. */
const losing = (...lost: string[]) => {
  const left = new Set(lost);
  return (_: unknown, message: ServerMessage): ServerMessage | undefined =>
    message.type === 'message' && left.delete(message.text) ? undefined : message;
};

describe.each(ENCODINGS)('in %s', (_, encoding) => {
  test('what was missed during a cut comes first, once, in order', async () => {
    await using stage = new Stage();
    const { peer } = stage;
    const room = peer.room('lobby');
    room.step = () => 1 + (room.records.length % 3);
    const client = stage.client({ encoding });
    const { messages } = record(client);
    await client.connect();
    const joined = await client.join('lobby');
    expect(joined).toMatchObject({ room: 'lobby', epoch: 'epoch-1', offset: 0, user_count: 1 });
    for (const text of texts(5)) peer.publish('lobby', text);
    await until('they are there', () => messages.length === 5);
    const { offset } = peer.room('lobby').records[4] ?? { offset: -1 };
    peer.history[0]?.cut();
    for (const text of texts(5, 6)) peer.publish('lobby', text);
    await until(
      'it joined again',
      () => client.position('lobby')?.offset === peer.room('lobby').head,
    );
    expect(peer.history[1]?.commands[0]).toMatchObject({
      ...{ type: 'join', room: 'lobby', since: { epoch: 'epoch-1', offset } },
    });
    for (const text of texts(5, 11)) peer.publish('lobby', text);
    await until('all are there', () => messages.length >= 15);
    expect(messages.map(({ text }) => text)).toEqual(texts(15));
  });

  test('a gap is closed before anything behind it is delivered', async () => {
    await using stage = new Stage();
    const { peer } = stage;
    peer.script.deliver = losing('text 2', 'text 6', 'text 7');
    const client = stage.client({ encoding });
    const told = record(client);
    await client.connect();
    await client.join('lobby');
    for (const text of texts(9)) {
      peer.publish('lobby', text);
      await Bun.sleep(1);
    }
    await until('all are there', () => told.messages.length >= 9);
    expect(told.messages.map(({ text }) => text)).toEqual(texts(9));
    expect(told.order.some((line) => line.startsWith('gap'))).toBe(false);
  });

  test('presence and typing pass through', async () => {
    await using stage = new Stage();
    const client = stage.client({ encoding });
    const seen: unknown[] = [];
    client.on('presence', (event) => seen.push(event));
    client.on('typing', (event) => seen.push(event));
    await client.connect();
    expect(client.typing('lobby', 'started')).toBe(false);
    await client.join('lobby');
    const presence: UserPresence = {
      ...{ type: 'presence', room: 'lobby', user: 'ada', user_id: 'u1', status: 'online' },
    };
    stage.peer.broadcast('lobby', presence);
    expect(client.typing('lobby', 'started')).toBe(true);
    await until('both are there', () => seen.length === 2);
    expect(seen).toEqual([
      presence,
      {
        ...{ type: 'typing', room: 'lobby', user: 'guest 1', user_id: 'guest-1' },
        status: 'started',
      },
    ]);
  });
});

test('records with a wrong prev are still delivered once each', async () => {
  await using stage = new Stage();
  const { peer } = stage;
  peer.script.deliver = (_, message) =>
    message.type === 'message' ? { ...message, prev: message.offset % 2 } : message;
  const client = stage.client();
  const { messages } = record(client);
  await client.connect();
  await client.join('lobby');
  for (const text of texts(8)) peer.publish('lobby', text);
  await until('all are there', () => messages.length >= 8);
  expect(messages.map(({ text }) => text)).toEqual(texts(8));
});

test('what the room no longer has is told before what it has', async () => {
  await using stage = new Stage();
  const { peer } = stage;
  const client = stage.client();
  const told = record(client);
  await client.connect();
  await client.join('lobby');
  peer.publish('lobby', 'text 1');
  await until('it is there', () => told.messages.length === 1);
  peer.room('lobby').history_max = 2;
  peer.history[0]?.cut();
  for (const text of texts(5, 2)) peer.publish('lobby', text);
  await until('it is back', () => told.messages.length === 3);
  expect(told.order).toEqual([
    'joined 0',
    '1:text 1',
    'joined 6',
    'gap 2-4',
    '5:text 5',
    '6:text 6',
  ]);
});

test('a new epoch is told, and its whole history delivered', async () => {
  await using stage = new Stage();
  const { peer } = stage;
  const client = stage.client();
  const told = record(client);
  await client.connect();
  await client.join('lobby');
  for (const text of texts(3)) peer.publish('lobby', text);
  await until('they are there', () => told.messages.length === 3);
  await peer.stop();
  peer.room('lobby').reset('epoch-2');
  for (const text of texts(2, 4)) peer.publish('lobby', text);
  peer.start();
  await until('the new ones are there', () => told.messages.length === 5);
  expect(told.order.slice(4)).toEqual(['joined 2', 'gap epoch_changed', '1:text 4', '2:text 5']);
  expect(client.position('lobby')).toEqual({ epoch: 'epoch-2', offset: 2 });
});

test('a join goes on after a position kept from before', async () => {
  await using stage = new Stage();
  for (const text of texts(4)) stage.peer.publish('lobby', text);
  const client = stage.client();
  const { messages } = record(client);
  await client.connect();
  await client.join('lobby', { since: { epoch: 'epoch-1', offset: 2 } });
  expect(messages.map(({ text }) => text)).toEqual(texts(2, 3));
});

test('a join may be asked for while offline, and is refused by its deadline only', async () => {
  await using stage = new Stage();
  const { peer } = stage;
  await peer.stop();
  const client = stage.client({ limits: { join_deadline_ms: 50 } });
  const connected = client.connect();
  expect(await rejection(client.join('never'))).toMatchObject({ code: 'deadline', room: 'never' });
  const joining = client.join('lobby');
  peer.start();
  await connected;
  expect(await joining).toMatchObject({ room: 'lobby' });
  // Nobody wants the other one any more.
  expect(peer.history[0]?.commands).toMatchObject([{ type: 'join', room: 'lobby' }]);
});

test('a temporary refusal of a join is tried again, after the wait it names', async () => {
  await using stage = new Stage();
  const { peer } = stage;
  let refusals = 2;
  peer.script.command = (connection, command) => {
    if (command.type !== 'join' || refusals === 0) return false;
    refusals -= 1;
    connection.refuse(command, { code: 'unavailable', temporary: true, retry_after_ms: 40 });
    return true;
  };
  const client = stage.client();
  await client.connect();
  const asked_at = performance.now();
  await client.join('lobby');
  expect(performance.now() - asked_at).toBeGreaterThanOrEqual(79);
});

test('a permanent refusal of a join is the end of the room, also when it comes later', async () => {
  await using stage = new Stage();
  const { peer } = stage;
  let open = false;
  peer.script.command = (connection, command) => {
    if (command.type !== 'join' || open) return false;
    connection.refuse(command, { code: 'room_not_found' });
    return true;
  };
  const client = stage.client();
  const { order } = record(client);
  await client.connect();
  expect(await rejection(client.join('lobby'))).toMatchObject({ code: 'room_not_found' });
  expect(await rejection(client.send('lobby', 'a'))).toMatchObject({ code: 'not_joined' });
  open = true;
  await client.join('lobby');
  open = false;
  peer.history[0]?.cut();
  await until('it noticed', () => client.state !== 'online');
  const sending = rejection(client.send('lobby', 'a'));
  expect(await sending).toMatchObject({ code: 'room_not_found', outcome: 'none' });
  expect(order).toEqual(['left lobby room_not_found', 'joined 0', 'left lobby room_not_found']);
});

test('a join nobody answers costs the connection, not the room', async () => {
  await using stage = new Stage();
  const { peer } = stage;
  peer.script.command = (connection, { type }) => connection === peer.history[0] && type === 'join';
  const client = stage.client({ limits: { answer_timeout_ms: 40 } });
  await client.connect();
  await client.join('lobby');
  expect(peer.history).toHaveLength(2);
});

test('several rooms are joined again, each from its own place', async () => {
  await using stage = new Stage();
  const { peer } = stage;
  const client = stage.client();
  const { messages } = record(client);
  await client.connect();
  await Promise.all(['a', 'b', 'c'].map((room) => client.join(room)));
  for (const room of ['a', 'b', 'b', 'c', 'c', 'c']) peer.publish(room, room);
  await until('they are there', () => messages.length === 6);
  peer.history[0]?.close(1012);
  for (const room of ['a', 'b', 'c']) peer.publish(room, `${room} again`);
  await until('all are there', () => messages.length >= 9);
  const since = peer.history[1]?.commands.map((command) =>
    command.type === 'join' ? [command.room, command.since?.offset] : command,
  );
  expect(since).toEqual([
    ['a', 1],
    ['b', 2],
    ['c', 3],
  ]);
  expect(
    messages
      .slice(6)
      .map(({ text }) => text)
      .sort(),
  ).toEqual(['a again', 'b again', 'c again']);
});

test('nothing of a room is delivered once it is left, not even the rest of a replay', async () => {
  await using stage = new Stage();
  const { peer } = stage;
  const client = stage.client();
  const { messages } = record(client);
  await client.connect();
  await client.join('lobby');
  peer.history[0]?.cut();
  for (const text of texts(3)) peer.publish('lobby', text);
  const left = new Promise((resolve) => client.on('left', resolve));
  let leaving: Promise<void> | undefined;
  client.on('message', () => {
    leaving ??= client.leave('lobby');
  });
  await left;
  await leaving;
  expect(messages.map(({ text }) => text)).toEqual(['text 1']);
  await client.join('lobby');
  peer.publish('lobby', 'text 4');
  await until('the new one is there', () => messages.length === 2);
  expect(messages[1]?.text).toBe('text 4');
});

test('leaving while offline needs no answer', async () => {
  await using stage = new Stage();
  const client = stage.client();
  await client.connect();
  await client.join('lobby');
  await stage.peer.stop();
  await client.leave('lobby');
  stage.peer.start();
  await until('it is back', () => client.state === 'online' && stage.peer.history.length === 2);
  await client.ping();
  expect(stage.peer.history[1]?.commands.map(({ type }) => type)).toEqual(['ping']);
});

test('two who join the same room share the answer', async () => {
  await using stage = new Stage();
  const client = stage.client();
  await client.connect();
  const [first, second] = await Promise.all([client.join('lobby'), client.join('lobby')]);
  expect(first).toEqual(second);
  expect(await client.join('lobby')).toEqual(first);
  expect(stage.peer.history[0]?.commands).toHaveLength(1);
});
