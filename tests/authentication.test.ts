import { describe, expect, test } from 'bun:test';
import pino from 'pino';
import type { Config } from '../server/config/options.ts';
import {
  type Claims,
  makeKey,
  signWithKey,
  signWithSecret,
  temporaryFile,
} from './support/issuer.ts';
import { exchange, RawSocket, type UpgradeRequest, upgradeRequest } from './support/raw_socket.ts';
import { countersOf, serve, statsOf } from './support/serve.ts';
import { startServer } from './support/server.ts';

const SECRET = 'a secret of thirty-two bytes or more';
const WITH_JWT = { jwt_secret: SECRET, jwt_clock_skew_ms: 0 } as const;
const sign = (claims: Claims = {}): Promise<string> => signWithSecret(SECRET, claims);
const inSeconds = (offset_s: number): number => Math.ceil(Date.now() / 1_000) + offset_s;
const bearer = (token: string): UpgradeRequest => ({
  headers: { authorization: `Bearer ${token}` },
});

const statusOf = async (port: number, request: UpgradeRequest): Promise<number> =>
  (await exchange(port, upgradeRequest(request))).status;

describe('row 11: a token at the handshake', () => {
  test('is taken from the query or the header, not from both', async () => {
    await using server = serve(WITH_JWT);
    const token = await sign();
    for (const request of [{ path: `/ws?token=${token}` }, bearer(token)]) {
      using client = await RawSocket.upgrade(server.port, request);
      expect(await client.receive('welcome')).toMatchObject({ user_id: 'ada', username: 'Ada' });
    }
    expect(await statusOf(server.port, { path: `/ws?token=${token}`, ...bearer(token) })).toBe(400);
  });

  test('is 401 when it is not good, and the place it would have taken is free again', async () => {
    await using server = serve({ ...WITH_JWT, connections_max: 1 });
    const key = await makeKey('RS256', 'k');
    const bad = [
      'made-up',
      'a.b.c',
      '',
      'x'.repeat(9_000),
      `r1.${'x'.repeat(9_000)}`,
      await signWithSecret(`${SECRET}.`),
      await signWithKey(key),
      await sign({ exp: inSeconds(-10) }),
      await sign({ sub: 'g_somebody' }),
    ];
    for (const token of bad)
      expect(await statusOf(server.port, { path: `/ws?token=${token}` })).toBe(401);
    expect(countersOf(server.stats()).upgrades_refused).toMatchObject({ token: bad.length });
    using client = await RawSocket.upgrade(server.port, bearer(await sign()));
    await client.receive('welcome');
  });

  test('is refused unread when it is too long, good as it may be', async () => {
    const token = await sign({ padding: 'x'.repeat(1_000) });
    await using server = serve({ ...WITH_JWT, token_bytes_max: token.length });
    await using strict = serve({ ...WITH_JWT, token_bytes_max: token.length - 1 });
    expect(await statusOf(server.port, bearer(token))).toBe(101);
    expect(await statusOf(strict.port, bearer(token))).toBe(401);
  });

  test.each(['x'.repeat(255), '"\\\\"; drop', 'ü'.repeat(127), 'auth0|5f0c', '😀'])(
    'may name any user: %j',
    async (sub) => {
      await using server = serve(WITH_JWT);
      using client = await RawSocket.join(server.port, 'kitchen', bearer(await sign({ sub })));
      client.send({ type: 'message', room: 'kitchen', text: 'x', id: 'm1' });
      expect(await client.receive('message')).toMatchObject({ from_id: sub });
      client.send({ type: 'list_users', room: 'kitchen' });
      expect((await client.receive('users')).users).toMatchObject([{ user_id: sub }]);
    },
  );

  test('is 503 while it cannot be checked', async () => {
    const keys = Bun.serve({ port: 0, fetch: () => new Response('down', { status: 500 }) });
    await using server = serve({ jwt_jwks_url: `http://127.0.0.1:${keys.port}/` });
    const token = await signWithKey(await makeKey('ES256', 'k'));
    const { status, headers } = await exchange(server.port, upgradeRequest(bearer(token)));
    expect([status, Number(headers.get('retry-after')) > 0]).toEqual([503, true]);
    expect(countersOf(server.stats()).upgrades_refused).toMatchObject({ token_unchecked: 1 });
    using guest = await RawSocket.upgrade(server.port);
    await guest.receive('welcome');
    await keys.stop(true);
  });

  test('in a header means nothing where no such tokens are known', async () => {
    await using server = serve();
    using client = await RawSocket.upgrade(server.port, bearer(await sign()));
    expect((await client.receive('welcome')).user_id).toStartWith('g_');
  });

  test('is checked with a key from a file', async () => {
    const key = await makeKey('EdDSA', 'k');
    using file = temporaryFile('key.pem', key.pem);
    await using server = serve({ jwt_public_key: file.path });
    using client = await RawSocket.upgrade(server.port, bearer(await signWithKey(key)));
    expect(await client.receive('welcome')).toMatchObject({ user_id: 'ada' });
  });
});

describe('row 12: a token that ends in session', () => {
  const short = { ...WITH_JWT, token_refresh_window_ms: 60_000 };

  test('is announced, and the connection closed with 4401 when it has ended', async () => {
    await using server = serve(short);
    const exp = inSeconds(1);
    using client = await RawSocket.upgrade(server.port, bearer(await sign({ exp })));
    const { session } = await client.receive('welcome');
    const { expires_in_ms } = await client.receive('token_expiring');
    expect(expires_in_ms).toBeWithin(1, 2_001);
    expect((await client.ended()).code).toBe(4401);
    expect(Date.now()).toBeGreaterThanOrEqual(exp * 1_000);
    // The resume token was good for no longer.
    expect(await statusOf(server.port, { path: `/ws?token=${session}` })).toBe(401);
  });

  test('is told once, at the window and not before', async () => {
    await using server = serve({ ...WITH_JWT, token_refresh_window_ms: 500 });
    const exp = inSeconds(1);
    using client = await RawSocket.upgrade(server.port, bearer(await sign({ exp })));
    await client.receive('token_expiring');
    expect(Date.now()).toBeGreaterThanOrEqual(exp * 1_000 - 500);
    await client.ended();
    expect(client.takeAll().filter(({ type }) => type === 'token_expiring')).toEqual([]);
  });

  test('is replaced by a newer one, over and over, without a room being left', async () => {
    await using server = serve(short);
    const path = '/ws?room=kitchen';
    using client = await RawSocket.upgrade(server.port, {
      path,
      ...bearer(await sign({ exp: inSeconds(1) })),
    });
    await client.receive('joined');
    for (const lifetime_s of [2, 3_600]) {
      await client.receive('token_expiring');
      client.send({ type: 'auth', token: await sign({ exp: inSeconds(lifetime_s) }), id: 'a' });
      while ((await client.receive('welcome')).id !== 'a');
    }
    client.send({ type: 'message', room: 'kitchen', text: 'here', id: 'm1' });
    await client.receive('ack');
    expect(client.takeAll().filter(({ type }) => type === 'left' || type === 'error')).toEqual([]);
  });

  test('is not replaced by one of somebody else, by a resume token, or by a bad one', async () => {
    await using server = serve(short);
    using client = await RawSocket.join(server.port, 'kitchen', bearer(await sign()));
    const { session } = await client.receive('welcome');
    for (const token of [await sign({ sub: 'ben' }), session]) {
      client.send({ type: 'auth', token, id: 'a1' });
      expect(await client.receive('error')).toMatchObject({ code: 'auth_after_join', id: 'a1' });
    }
    await client.roundTrip();
    client.send({ type: 'auth', token: await sign({ exp: inSeconds(-5) }) });
    expect(await client.receive('error')).toMatchObject({ code: 'token_expired' });
    expect((await client.ended()).code).toBe(4401);
  });

  test('keeps the name that others have seen, until the user comes again', async () => {
    await using server = serve(short);
    using client = await RawSocket.join(server.port, 'kitchen', bearer(await sign()));
    client.send({ type: 'auth', token: await sign({ name: 'Countess' }), id: 'a1' });
    client.send({ type: 'message', room: 'kitchen', text: 'hello' });
    expect(await client.receive('message')).toMatchObject({ from: 'Ada' });
    using again = await RawSocket.upgrade(server.port, bearer(await sign({ name: 'Countess' })));
    expect(await again.receive('welcome')).toMatchObject({ username: 'Countess' });
  });
});

describe('row 13: a room that is not allowed', () => {
  const rooms = { kitchen: ['join', 'publish', 'history'], 'news.*': ['join', 'history'] };

  test('is refused, and so is what a room does not allow', async () => {
    await using server = serve(WITH_JWT);
    using client = await RawSocket.upgrade(server.port, bearer(await sign({ rooms })));
    const refusalOf = async (request: object): Promise<string> => {
      client.send({ ...request, id: 'x' });
      return (await client.receive('error')).code;
    };
    expect(await refusalOf({ type: 'join', room: 'attic' })).toBe('forbidden');
    expect(await refusalOf({ type: 'message', room: 'attic', text: 'x' })).toBe('not_joined');
    client.send({ type: 'join', room: 'news.today' }, { type: 'join', room: 'kitchen' });
    await client.receive('joined');
    await client.receive('joined');
    expect(await refusalOf({ type: 'message', room: 'news.today', text: 'x' })).toBe('forbidden');
    expect(await refusalOf({ type: 'typing', room: 'news.today', status: 'started' })).toBe(
      'forbidden',
    );
    client.send({ type: 'history', room: 'news.today', id: 'h1' });
    expect(await client.receive('history')).toMatchObject({ id: 'h1' });
    client.send({ type: 'message', room: 'kitchen', text: 'x', id: 'm1' });
    expect(await client.receive('ack')).toMatchObject({ id: 'm1' });
  });

  test('is refused to whoever comes back with a resume token, too', async () => {
    await using server = serve(WITH_JWT);
    using first = await RawSocket.upgrade(server.port, bearer(await sign({ rooms })));
    const { session } = await first.receive('welcome');
    using client = await RawSocket.upgrade(server.port, {
      path: `/ws?token=${session}&room=attic`,
    });
    expect(await client.receive('error')).toMatchObject({ code: 'forbidden', room: 'attic' });
  });

  test('is left when a newer token no longer allows it', async () => {
    await using server = serve(WITH_JWT);
    using other = await RawSocket.join(server.port, 'kitchen');
    using client = await RawSocket.join(server.port, 'kitchen', bearer(await sign()));
    client.send({ type: 'join', room: 'news.today' });
    await client.receive('joined');
    const limited = { 'news.*': ['join'] };
    client.send({ type: 'auth', token: await sign({ rooms: limited }), id: 'a1' });
    expect(await client.receive('left')).toMatchObject({ room: 'kitchen' });
    client.send({ type: 'message', room: 'news.today', text: 'x', id: 'm1' });
    expect(await client.receive('error')).toMatchObject({ code: 'forbidden', id: 'm1' });
    other.send({ type: 'message', room: 'kitchen', text: 'private', id: 'm2' });
    await other.receive('ack');
    await client.roundTrip();
    expect(JSON.stringify(client.takeAll())).not.toContain('private');
  });

  test('is refused a hundred times, and then the connection is closed with 4503', async () => {
    await using server = serve({ ...WITH_JWT, command_rate_limit: 0 });
    using client = await RawSocket.upgrade(server.port, bearer(await sign({ rooms })));
    for (let count = 0; count < 110; count += 1)
      client.send({ type: 'join', room: `attic ${count}` });
    expect((await client.ended()).code).toBe(4503);
    expect(client.takeAll().filter(({ type }) => type === 'error').length).toBeGreaterThan(100);
  });
});

describe('row 14: where guests are denied', () => {
  const denied = { ...WITH_JWT, guests: 'deny' } as const;

  test('nobody is welcomed before `auth`, and nobody stays without it', async () => {
    await using server = serve({ ...denied, auth_timeout_ms: 100 });
    using silent = await RawSocket.upgrade(server.port);
    using busy = await RawSocket.upgrade(server.port);
    const requests = [
      { type: 'join', room: 'kitchen' },
      { type: 'message', room: 'kitchen', text: 'x' },
      { type: 'history', room: 'kitchen' },
      { type: 'list_users', room: 'kitchen' },
    ];
    busy.send(...requests);
    const codes: string[] = [];
    for (const _ of requests) codes.push((await busy.receive('error')).code);
    expect(codes).toEqual(['auth_required', 'not_joined', 'not_joined', 'not_joined']);
    for (const client of [silent, busy]) expect((await client.ended()).code).toBe(4408);
    expect(silent.takeAll()).toEqual([]);
  });

  test('whoever authenticates in time stays', async () => {
    await using server = serve({ ...denied, auth_timeout_ms: 300 });
    using client = await RawSocket.upgrade(server.port, { path: '/ws?room=kitchen' });
    const token = await sign();
    // What stands behind it in the same breath comes after the room of the query.
    client.send(
      { type: 'auth', token },
      { type: 'message', room: 'kitchen', text: 'hi', id: 'm1' },
    );
    await client.receive('welcome');
    expect(await client.receive('joined')).toMatchObject({ room: 'kitchen' });
    await client.receive('ack');
    using silent = await RawSocket.upgrade(server.port);
    expect((await silent.ended()).code).toBe(4408);
    await client.roundTrip();
  });

  test('the resume token of a guest from before does not help', async () => {
    await using open = serve();
    using guest = await RawSocket.upgrade(open.port);
    const { session } = await guest.receive('welcome');
    await using server = serve(denied);
    expect(await statusOf(server.port, { path: `/ws?token=${session}` })).toBe(401);
  });

  test('somebody has to be able to come in', () => {
    expect(() => serve({ guests: 'deny' })).toThrow('nobody could come in');
  });
});

describe('guests', () => {
  const guest_rooms = '{"lobby":["join"],"open.*":["join","publish"]}';

  test('may do what the configuration says, also when they come back', async () => {
    await using before = serve();
    using old = await RawSocket.upgrade(before.port);
    const { session } = await old.receive('welcome');
    await using server = serve({ guest_rooms, ...WITH_JWT });
    for (const path of ['/ws', `/ws?token=${session}`]) {
      using guest = await RawSocket.upgrade(server.port, { path });
      guest.send({ type: 'join', room: 'attic' }, { type: 'join', room: 'lobby' });
      expect(await guest.receive('error')).toMatchObject({ code: 'forbidden', room: 'attic' });
      await guest.receive('joined');
      guest.send({ type: 'message', room: 'lobby', text: 'x' });
      expect(await guest.receive('error')).toMatchObject({ code: 'forbidden', room: 'lobby' });
    }
    using known = await RawSocket.join(server.port, 'attic', bearer(await sign()));
    await known.roundTrip();
  });

  test.each(['lobby', '[]', '{"lobby":["rule"]}'])('have no rights of the form %s', (rules) => {
    expect(() => serve({ guest_rooms: rules })).toThrow('--guest-rooms must be JSON');
  });
});

describe('row 10: a page of another origin', () => {
  const listed: Partial<Config> = {
    allowed_origins: 'https://chat.example.com,https://*.example.org',
  };
  const from = (origin: string): UpgradeRequest => ({ headers: { origin } });

  test('is 403 before the upgrade; pages on the list and programs come in', async () => {
    await using server = serve(listed);
    for (const origin of ['https://evil.example', 'null', 'https://example.org.evil.example']) {
      expect(await statusOf(server.port, from(origin))).toBe(403);
    }
    expect(countersOf(server.stats())).toMatchObject({
      connections_opened: 0,
      upgrades_refused: { origin: 3 },
    });
    for (const request of [from('https://chat.example.com'), from('https://a.example.org'), {}]) {
      using client = await RawSocket.upgrade(server.port, request);
      await client.receive('welcome');
    }
  });

  test('comes in where there is no list', async () => {
    await using server = serve();
    using client = await RawSocket.upgrade(server.port, from('https://anywhere.example'));
    await client.receive('welcome');
  });
});

test('row 38: of tokens nothing is logged, counted or answered', async () => {
  const lines: string[] = [];
  const logger = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) });
  const server = startServer({ ...WITH_JWT, log_level: 'debug' }, undefined, logger);
  const tokens = [
    await sign(),
    await sign({ exp: inSeconds(-10) }),
    await sign({ sub: 7 }),
    await sign({ rooms: 'kitchen' }),
    await signWithSecret(`${SECRET}.`),
    `hbs_${'A'.repeat(43)}`,
  ];
  let said = '';
  try {
    for (const token of tokens) {
      said += (await exchange(server.port, upgradeRequest({ path: `/ws?token=${token}` }))).body;
      said += (await exchange(server.port, upgradeRequest(bearer(token)))).body;
      said += (
        await exchange(
          server.port,
          upgradeRequest({ path: `/ws?token=${token}`, headers: { host: '%' } }),
        )
      ).body;
      using client = await RawSocket.upgrade(server.port);
      await client.receive('welcome');
      client.send({ type: 'auth', token, id: 'a1' });
      said += JSON.stringify(await client.receive('error', 'welcome'));
    }
    said += JSON.stringify(await statsOf(server));
  } finally {
    await server.stop();
  }
  const logged = lines.join('');
  expect(logged).toContain('a token was turned down');
  for (const token of [...tokens, SECRET]) {
    const parts = token.split('.').filter((part) => part.length > 5);
    for (const part of parts) expect(`${logged}${said}`).not.toContain(part);
  }
});
