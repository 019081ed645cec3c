import { describe, expect, test } from 'bun:test';
import { ENCODINGS } from './fake_wire.ts';
import { QUICK, record, rejection, Stage, until } from './harness.ts';

describe.each(ENCODINGS)('in %s', (_, encoding) => {
  test('connects, and answers come back to who asked', async () => {
    await using stage = new Stage();
    const client = stage.client({ encoding, name: 'Ada' });
    const { states } = record(client);
    const welcome = await client.connect();
    expect(welcome.user_id).toBe('guest-1');
    expect(client.session).toBe('resume:guest-1');
    expect(stage.peer.history[0]?.url.searchParams.get('name')).toBe('Ada');
    expect(states).toEqual(['connecting', 'online']);
    await client.join('lobby');
    for (const text of ['a', 'b', 'c']) await client.send('lobby', text);
    const [round_trip_ms, users, history] = await Promise.all([
      client.ping(),
      client.users('lobby', { limit: 10 }),
      client.history('lobby', { limit: 2, before: 3 }),
    ]);
    expect(round_trip_ms).toBeGreaterThan(0);
    expect(users.users).toEqual([{ user_id: 'guest-1', username: 'guest 1' }]);
    expect(history.messages.map(({ text }) => text)).toEqual(['a', 'b']);
    expect(history.more).toBe(false);
  });

  test('comes back as the same user after a cut', async () => {
    await using stage = new Stage();
    const client = stage.client({ encoding });
    await client.connect();
    for (let cut = 1; cut <= 3; cut += 1) {
      stage.peer.history.at(-1)?.cut();
      await until('it is back', () => stage.peer.history.length > cut && client.state === 'online');
      expect(client.welcome?.user_id).toBe('guest-1');
    }
    expect(stage.peer.history[1]?.url.searchParams.get('token')).toBe('resume:guest-1');
  });

  test('leaves a server that writes what nobody can read, and does not hurry back', async () => {
    await using stage = new Stage();
    const client = stage.client({ encoding });
    const waits: number[] = [];
    client.on('state', (change) => {
      if (change.state === 'waiting') waits.push(change.delay_ms);
    });
    await client.connect();
    stage.peer.history[0]?.raw(encoding.subprotocol.endsWith('json') ? '{"type":' : 'text');
    await until('it is back', () => stage.peer.history.length === 2);
    expect(waits[0]).toBeGreaterThanOrEqual((QUICK.reconnect_cap_ms ?? 0) / 2);
  });
});

test('a revoked guest comes back as a new guest', async () => {
  await using stage = new Stage();
  const client = stage.client();
  await client.connect();
  stage.peer.history[0]?.close(4501);
  await until('it is back', () => client.welcome?.user_id === 'guest-2');
  expect(stage.peer.history[1]?.url.searchParams.has('token')).toBe(false);
});

test('a resume token refused before the socket opens is dropped only on a definite answer', async () => {
  await using stage = new Stage();
  stage.peer.refusedTokens.add('resume:gone');
  const client = stage.client({ session: 'resume:gone' });
  const { states } = record(client);
  const { user_id } = await client.connect();
  expect(user_id).toMatch(/^guest-/);
  // HTTP 401 told nothing; the second attempt presented it in `auth`, and was told.
  expect(stage.peer.history[0]?.commands).toEqual([
    { type: 'auth', token: 'resume:gone', id: 'auth' },
  ]);
  expect(states.filter((state) => state === 'connecting')).toHaveLength(3);
});

test('a token that is good is accepted in auth too', async () => {
  await using stage = new Stage();
  stage.peer.script.upgrade = (url) => (url.searchParams.has('token') ? 503 : undefined);
  const client = stage.client({ token: 'ada' });
  expect((await client.connect()).user_id).toBe('ada');
  expect(stage.peer.history).toHaveLength(1);
});

test('an outage does not cost the identity', async () => {
  await using stage = new Stage();
  const client = stage.client();
  const { states } = record(client);
  await client.connect();
  await stage.peer.stop();
  const attempts = (): number => states.filter((state) => state === 'connecting').length;
  await until('it has tried for a while', () => attempts() > 6);
  stage.peer.start();
  await until('it is back', () => client.state === 'online');
  expect(client.welcome?.user_id).toBe('guest-1');
});

test('a refused application token ends it', async () => {
  await using stage = new Stage();
  stage.peer.refusedTokens.add('ada').add('resume:ada');
  const client = stage.client({ token: 'ada', session: 'resume:ada' });
  const error = await rejection(client.connect());
  expect(error).toMatchObject({ code: 'token_invalid', temporary: false });
  expect(client.state).toBe('closed');
  const tokens = stage.peer.history.flatMap(({ commands }) => commands);
  expect(tokens).toMatchObject([{ token: 'resume:ada' }, { token: 'ada' }]);
});

test('a close code from 4500 on ends it, and whatever waits is told', async () => {
  await using stage = new Stage();
  stage.peer.script.command = (_, { type }) => type === 'message' || type === 'history';
  const client = stage.client();
  const told = record(client);
  await client.connect();
  await client.join('lobby');
  const sending = rejection(client.send('lobby', 'a'));
  const asking = rejection(client.history('lobby'));
  await until('both arrived', () => (stage.peer.history[0]?.commands.length ?? 0) === 3);
  stage.peer.history[0]?.close(4503);
  expect(await sending).toMatchObject({ code: 'server_closed', outcome: 'unknown' });
  expect(await asking).toMatchObject({ code: 'disconnected' });
  expect(client.state).toBe('closed');
  expect(told.order.at(-1)).toBe('left lobby server_closed');
});

test.each([1001, 1011, 1012, 1013, 3000, 4408, 4429])(
  'comes back after close code %d',
  async (code) => {
    await using stage = new Stage();
    const client = stage.client();
    await client.connect();
    stage.peer.history[0]?.close(code);
    await until('it is back', () => stage.peer.history.length === 2 && client.state === 'online');
    expect(client.welcome?.user_id).toBe('guest-1');
  },
);

test('a policy violation is not answered by a storm', async () => {
  await using stage = new Stage();
  const client = stage.client();
  const waits: number[] = [];
  client.on('state', (change) => {
    if (change.state === 'waiting') waits.push(change.delay_ms);
  });
  await client.connect();
  for (let closes = 1; closes <= 3; closes += 1) {
    stage.peer.history.at(-1)?.close(1008);
    await until(
      'it is back',
      () => stage.peer.history.length > closes && client.state === 'online',
    );
  }
  expect(Math.min(...waits)).toBeGreaterThanOrEqual((QUICK.reconnect_cap_ms ?? 0) / 2);
});

describe('a reconnect hint', () => {
  const hint = { type: 'reconnect', after_ms: 60, jitter_ms: 80, reason: 'restart' } as const;

  test('is kept when the server closes before: counted from the hint', async () => {
    await using stage = new Stage();
    const client = stage.client({ random: () => 0.5 });
    const waits: number[] = [];
    client.on('state', (change) => {
      if (change.state === 'waiting') waits.push(change.delay_ms);
    });
    await client.connect();
    const hinted_at = performance.now();
    stage.peer.history[0]?.say(hint);
    stage.peer.history[0]?.close(1012);
    await until('it is back', () => stage.peer.history.length === 2);
    expect(performance.now() - hinted_at).toBeGreaterThanOrEqual(99);
    expect(waits).toHaveLength(1);
    expect(waits[0]).toBeLessThanOrEqual(100);
  });

  test('moves the client when the server does not close', async () => {
    await using stage = new Stage();
    const client = stage.client({ random: () => 0.5 });
    await client.connect();
    const hinted_at = performance.now();
    stage.peer.history[0]?.say(hint);
    await until('it moved', () => stage.peer.history.length === 2 && client.state === 'online');
    expect(performance.now() - hinted_at).toBeGreaterThanOrEqual(99);
  });
});

test('a wait named by an error that answers nothing is kept', async () => {
  await using stage = new Stage();
  const client = stage.client();
  const codes: string[] = [];
  client.on('error', ({ code }) => codes.push(code));
  await client.connect();
  const told_at = performance.now();
  const [connection] = stage.peer.history;
  connection?.say({
    ...{ type: 'error', code: 'unavailable', message: 'full', temporary: true },
    retry_after_ms: 120,
  });
  connection?.close(1013);
  await until('it is back', () => stage.peer.history.length === 2);
  expect(performance.now() - told_at).toBeGreaterThanOrEqual(119);
  expect(codes).toEqual(['unavailable']);
});

test('silence is asked about; a peer that does not answer is left', async () => {
  await using stage = new Stage();
  stage.peer.ping_interval_ms = 20;
  const client = stage.client({ limits: { answer_timeout_ms: 60 } });
  await client.connect();
  const pings = (): number =>
    stage.peer.history[0]?.commands.filter(({ type }) => type === 'ping').length ?? 0;
  await until('it asked and was answered', () => pings() >= 3);
  expect(stage.peer.history).toHaveLength(1);
  stage.peer.script.command = (connection) => connection === stage.peer.history[0];
  await until('it came back', () => stage.peer.history.length === 2 && client.state === 'online');
});

test('a socket without a welcome is given up', async () => {
  await using stage = new Stage();
  stage.peer.sendsWelcome = false;
  const client = stage.client({ limits: { connect_timeout_ms: 40 } });
  const connected = client.connect();
  await until('the second attempt is there', () => stage.peer.history.length >= 2);
  stage.peer.sendsWelcome = true;
  await connected;
});

test('a server that does not take the subprotocol is left', async () => {
  await using stage = new Stage();
  class Deaf extends WebSocket {
    override get protocol(): string {
      return 'chat';
    }
  }
  const client = stage.client({ WebSocket: Deaf });
  const reasons: string[] = [];
  client.on('state', (change) => {
    if (change.state === 'waiting') reasons.push(change.reason);
  });
  const connecting = rejection(client.connect());
  await until('it waits', () => reasons.length > 0);
  expect(reasons[0]).toContain('does not speak hubbub.v1.json');
  client.close();
  expect(await connecting).toMatchObject({ code: 'closed' });
});

test('connect tells after its deadline, and goes on trying', async () => {
  await using stage = new Stage();
  await stage.peer.stop();
  const client = stage.client({ limits: { connect_deadline_ms: 30 } });
  expect(await rejection(client.connect())).toMatchObject({ code: 'deadline', temporary: true });
  stage.peer.start();
  await until('it is online', () => client.state === 'online');
});

test('close ends everything, and connect begins anew', async () => {
  await using stage = new Stage();
  stage.peer.script.command = (_, { type }) => type === 'list_users';
  const client = stage.client();
  const { states } = record(client);
  await client.connect();
  await client.join('lobby');
  const asking = rejection(client.users('lobby'));
  client.close();
  expect(await asking).toMatchObject({ code: 'disconnected' });
  expect(await rejection(client.join('lobby'))).toMatchObject({ code: 'closed' });
  await until('the peer saw it go', () => stage.peer.connections.size === 0);
  expect(client.position('lobby')).toBeUndefined();
  expect((await client.connect()).user_id).toBe('guest-1');
  expect(states).toEqual(['connecting', 'online', 'closed', 'connecting', 'online']);
});

test('requests end by deadline, and are bounded in number', async () => {
  await using stage = new Stage();
  stage.peer.script.command = (_, { type }) => type === 'history';
  const client = stage.client({ limits: { answer_timeout_ms: 50, requests_max: 2 } });
  expect(await rejection(client.ping())).toMatchObject({ code: 'disconnected' });
  await client.connect();
  await client.join('lobby');
  const waiting = [rejection(client.history('lobby')), rejection(client.history('lobby'))];
  expect(await rejection(client.ping())).toMatchObject({ code: 'requests_too_many' });
  for (const error of await Promise.all(waiting))
    expect(error.code).toBeOneOf(['deadline', 'disconnected']);
});

test.each([
  [{ url: 'ftp://localhost/ws' }, 'must begin with ws'],
  [{ url: 'ws://localhost/ws', limits: { send_deadline_ms: 0 } }, 'send_deadline_ms'],
  [{ url: 'ws://localhost/ws', limits: { requests_max: Number.NaN } }, 'requests_max'],
  [{ url: 'ws://localhost/ws', limits: { reconnect_cap_ms: 2 ** 31 } }, 'reconnect_cap_ms'],
])('options that cannot work are refused: %j', async (options, words) => {
  const { HubbubClient } = await import('../index.ts');
  expect(() => new HubbubClient(options)).toThrow(words);
});
