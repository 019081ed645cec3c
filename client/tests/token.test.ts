import { describe, expect, test } from 'bun:test';
import { record, rejection, Stage, until } from './harness.ts';

const EXPIRING = { type: 'token_expiring', expires_in_ms: 60_000 } as const;

/** A callback that counts, and answers with what it is told to. */
function tokens(...given: readonly (string | Error)[]) {
  const source = async (): Promise<string> => {
    const token = given[Math.min(source.asked, given.length - 1)];
    source.asked += 1;
    if (token instanceof Error) throw token;
    return token ?? '';
  };
  source.asked = 0;
  return source;
}

describe('a callback for tokens', () => {
  test('is asked to connect, and not while the resume token does', async () => {
    await using stage = new Stage();
    const token = tokens('ada');
    const client = stage.client({ token });
    const { states } = record(client);
    expect((await client.connect()).user_id).toBe('ada');
    stage.peer.history[0]?.cut();
    await until('it is back', () => stage.peer.history.length === 2 && client.state === 'online');
    expect(client.welcome?.user_id).toBe('ada');
    expect(token.asked).toBe(1);
    expect(states).toEqual(['connecting', 'online', 'waiting', 'connecting', 'online']);
  });

  test('may answer at once, without a promise', async () => {
    await using stage = new Stage();
    expect((await stage.client({ token: () => 'ada' }).connect()).user_id).toBe('ada');
  });

  test('is asked again when a token has ended, and when the resume token is refused', async () => {
    await using stage = new Stage();
    const token = tokens('ada');
    const client = stage.client({ token });
    await client.connect();
    stage.peer.refusedTokens.add('resume:ada');
    for (const [back, code] of [4401, 4501].entries()) {
      stage.peer.history.at(-1)?.close(code);
      await until('it is back', () => token.asked === back + 2 && client.state === 'online');
      expect(client.welcome?.user_id).toBe('ada');
    }
  });

  test('is asked before the token ends, and rooms go on', async () => {
    await using stage = new Stage();
    const token = tokens('ada', 'resume:ada');
    const client = stage.client({ token });
    const { order } = record(client);
    await client.connect();
    await client.join('lobby');
    stage.peer.history[0]?.say(EXPIRING);
    const isAuthenticated = () =>
      stage.peer.history[0]?.commands.some((command) => command.type === 'auth') === true;
    await until('it presents another', isAuthenticated);
    await client.send('lobby', 'still here');
    expect(stage.peer.history).toHaveLength(1);
    await until('it came', () => order.length === 2);
    expect(order).toEqual(['joined 0', '1:still here']);
    expect(token.asked).toBe(2);
  });

  test('that fails is a failed attempt; it is asked again after a while', async () => {
    await using stage = new Stage();
    const token = tokens(new Error('not signed in'), new Error('not yet'), 'ada');
    const client = stage.client({ token });
    const reasons: string[] = [];
    client.on('state', (change) => {
      if (change.state === 'waiting') reasons.push(change.reason);
    });
    expect((await client.connect()).user_id).toBe('ada');
    expect(reasons).toEqual(['no token: Error: not signed in', 'no token: Error: not yet']);
    expect(stage.peer.history).toHaveLength(1);
  });

  test('that does not answer is given up, and what it says later does not count', async () => {
    await using stage = new Stage();
    const late = Promise.withResolvers<string>();
    let asked = 0;
    const token = (): Promise<string> | string => {
      asked += 1;
      return asked === 1 ? late.promise : 'ben';
    };
    const client = stage.client({ token, limits: { connect_timeout_ms: 40 } });
    expect((await client.connect()).user_id).toBe('ben');
    late.resolve('ada');
    await client.ping();
    expect(stage.peer.history).toHaveLength(1);
  });

  test('that throws says so, and the connection goes on until the token ends', async () => {
    await using stage = new Stage();
    let asked = 0;
    const token = (): string => {
      asked += 1;
      if (asked === 2) throw new Error('offline');
      return 'ada';
    };
    const client = stage.client({ token });
    const codes: string[] = [];
    client.on('error', ({ code, message }) => codes.push(`${code} ${message}`));
    await client.connect();
    stage.peer.history[0]?.say(EXPIRING);
    await until('it was told', () => codes.length === 1);
    expect(codes).toEqual(['token_unavailable Error: offline']);
    await client.ping();
    expect(client.state).toBe('online');
  });

  test('whose token is refused ends it', async () => {
    await using stage = new Stage();
    stage.peer.refusedTokens.add('ada');
    const error = await rejection(stage.client({ token: tokens('ada') }).connect());
    expect(error).toMatchObject({ code: 'token_invalid', temporary: false });
  });

  test('is not waited for by a client that is closed meanwhile, and may be asked anew', async () => {
    await using stage = new Stage();
    const first = Promise.withResolvers<string>();
    let asked = 0;
    const client = stage.client({
      token: () => {
        asked += 1;
        return asked === 1 ? first.promise : 'ben';
      },
    });
    const connecting = rejection(client.connect());
    await until('it was asked', () => asked === 1);
    client.close();
    expect(await connecting).toMatchObject({ code: 'closed' });
    const again = client.connect();
    first.resolve('ada');
    expect((await again).user_id).toBe('ben');
    expect(stage.peer.history).toHaveLength(1);
  });
});

test('a token given for good is not asked for when it ends', async () => {
  await using stage = new Stage();
  const client = stage.client({ token: 'ada' });
  await client.connect();
  stage.peer.history[0]?.say(EXPIRING);
  await client.ping();
  expect(stage.peer.history[0]?.commands.map(({ type }) => type)).toEqual(['ping']);
});

test('a room the server ends is over, and the client says so', async () => {
  await using stage = new Stage();
  const client = stage.client();
  const { order } = record(client);
  await client.connect();
  await client.join('lobby');
  stage.peer.history[0]?.say({ type: 'left', room: 'lobby' });
  await until('it was told', () => order.length === 2);
  expect(order).toEqual(['joined 0', 'left lobby forbidden']);
  expect(await rejection(client.send('lobby', 'x'))).toMatchObject({ code: 'not_joined' });
});
