import { expect, test } from 'bun:test';
import { HubbubClient } from '../client/index.ts';
import { eventually } from './support/eventually.ts';
import { signWithSecret } from './support/issuer.ts';
import { serve } from './support/serve.ts';

const SECRET = 'a secret of thirty-two bytes or more';
const QUICK = { reconnect_base_ms: 5, reconnect_cap_ms: 50 };

test('a client with a callback outlives its tokens, in its rooms and across a cut', async () => {
  await using server = serve({
    ...{ jwt_secret: SECRET, jwt_clock_skew_ms: 0, guests: 'deny' },
    token_refresh_window_ms: 600,
  });
  let asked = 0;
  const token = (): Promise<string> => {
    asked += 1;
    return signWithSecret(SECRET, { exp: Math.ceil(Date.now() / 1_000) + 1 });
  };
  const client = new HubbubClient({ url: server.url, token, limits: QUICK });
  const told: string[] = [];
  client.on('state', ({ state }) => told.push(state));
  client.on('left', ({ room }) => told.push(`left ${room}`));
  client.on('gap', ({ reason }) => told.push(`gap ${reason}`));
  try {
    expect((await client.connect()).user_id).toBe('ada');
    await client.join('kitchen');
    await eventually('three tokens have ended', () => asked >= 4, 15_000);
    const { duplicate } = await client.send('kitchen', 'still here');
    expect(duplicate).toBe(false);
    expect(told).toEqual(['connecting', 'online']);
  } finally {
    client.close();
  }
});

test('a client whose token has ended gets another one and goes on where it was', async () => {
  await using server = serve({ jwt_secret: SECRET, jwt_clock_skew_ms: 0, guests: 'deny' });
  const sign = (lifetime_s: number): Promise<string> =>
    signWithSecret(SECRET, { exp: Math.ceil(Date.now() / 1_000) + lifetime_s });
  // While it is connected there is nothing newer to be had: the token ends.
  const first = sign(1);
  let hasEnded = false;
  const client = new HubbubClient({
    url: server.url,
    token: () => (hasEnded ? sign(3_600) : first),
    limits: QUICK,
  });
  const codes: number[] = [];
  client.on('state', (change) => {
    if (change.state !== 'waiting') return;
    hasEnded = true;
    codes.push(change.code);
  });
  try {
    await client.connect();
    await client.join('kitchen');
    await client.send('kitchen', 'one');
    await eventually('it has come back', () => hasEnded && client.state === 'online', 15_000);
    expect(codes[0]).toBe(4401);
    expect(client.welcome?.user_id).toBe('ada');
    expect((await client.send('kitchen', 'two')).offset).toBe(2);
  } finally {
    client.close();
  }
});
