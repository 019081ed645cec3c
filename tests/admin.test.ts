import { describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { MemoryStorage } from '../server/storage/memory.ts';
import { createLogger } from '../server/telemetry/logger.ts';
import { ADMIN_KEY, askAdmin, signIn } from './support/admin.ts';
import { RawSocket, upgradeRequest } from './support/raw_socket.ts';
import { serve } from './support/serve.ts';
import { startServer } from './support/server.ts';

const WITH_KEY = { admin_key: ADMIN_KEY };

test('without a key in the configuration there is no API', async () => {
  await using server = serve();
  const response = await fetch(`${server.http}/api/v1/users`);
  expect([response.status, await response.text()]).toEqual([404, 'There is nothing here.\n']);
});

test.each([
  [{}],
  [{ authorization: 'Bearer ' }],
  [{ authorization: ADMIN_KEY }],
  [{ authorization: `Bearer ${ADMIN_KEY}.` }],
  [{ authorization: `Bearer ${ADMIN_KEY.slice(1)}` }],
  [{ authorization: `Basic ${btoa(`admin:${ADMIN_KEY}`)}` }],
  [{ cookie: `key=${ADMIN_KEY}` }],
])('without the key every path is 401: %#', async (headers) => {
  await using server = serve(WITH_KEY);
  for (const path of ['/users', '/nothing', '/', '/users/../users']) {
    const answer = await askAdmin(
      server,
      'GET',
      path,
      undefined,
      headers as Record<string, string>,
    );
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
  }
  const inQuery = await askAdmin(server, 'GET', `/users?key=${ADMIN_KEY}`, undefined, {});
  expect(inQuery.status).toBe(401);
});

describe('users', () => {
  test('are made once, found, listed by pages, and disabled', async () => {
    await using server = serve(WITH_KEY);
    for (const user_id of ['c', 'a', 'b', 'ü/ber']) {
      const { status } = await askAdmin(server, 'POST', '/users', {
        user_id,
        username: 'Somebody',
      });
      expect(status).toBe(201);
    }
    const again = await askAdmin(server, 'POST', '/users', { user_id: 'a', username: 'Another' });
    expect(again).toMatchObject({ status: 409, body: { error: { code: 'user_exists' } } });

    const first = await askAdmin(server, 'GET', '/users?limit=3');
    const second = await askAdmin(server, 'GET', `/users?limit=3&after=${first.body.next}`);
    const ids = [first, second].map(({ body }) =>
      (body.users as { user_id: string }[]).map(({ user_id }) => user_id),
    );
    expect(ids).toEqual([['a', 'b', 'c'], ['ü/ber']]);
    expect(second.body.next).toBeUndefined();

    const path = `/users/${encodeURIComponent('ü/ber')}`;
    expect((await askAdmin(server, 'GET', path)).body).toMatchObject({ user_id: 'ü/ber' });
    const disabled = await askAdmin(server, 'PATCH', path, { disabled: true });
    expect(disabled.body).toMatchObject({ user_id: 'ü/ber', disabled: true });
    expect((await askAdmin(server, 'PATCH', '/users/nobody', { disabled: true })).status).toBe(404);
    expect((await askAdmin(server, 'GET', '/users/nobody')).status).toBe(404);
  });

  test('cannot have the id of a guest', async () => {
    await using server = serve(WITH_KEY);
    using guest = await RawSocket.upgrade(server.port);
    const { user_id } = await guest.receive('welcome');
    const { status, body } = await askAdmin(server, 'POST', '/users', { user_id, username: 'Eve' });
    expect([status, JSON.stringify(body)]).toEqual([400, expect.stringContaining('guests')]);
  });
});

describe('a session token', () => {
  test('is shown once, kept as its hash, and lets its user in', async () => {
    const storage = new MemoryStorage();
    const server = startServer(WITH_KEY, undefined, createLogger('silent'), storage);
    try {
      await askAdmin(server, 'POST', '/users', { user_id: 'ada', username: 'Ada' });
      const { status, headers, body } = await askAdmin(server, 'POST', '/sessions', {
        user_id: 'ada',
        ttl_ms: 60_000,
      });
      expect([status, headers.get('cache-control')]).toEqual([201, 'no-store']);
      const token = String(body.token);
      expect(token).toMatch(/^hbs_[\w-]{43}$/);
      expect(body.session_id).toBe(createHash('sha256').update(token).digest('hex'));
      const listed = await askAdmin(server, 'GET', '/users/ada/sessions');
      expect(JSON.stringify(listed.body)).not.toContain(token);
      expect(JSON.stringify(await storage.findSession(String(body.session_id)))).not.toContain(
        token,
      );
      expect(listed.body.sessions).toMatchObject([{ session_id: body.session_id, user_id: 'ada' }]);

      for (const request of [
        { path: `/ws?token=${token}` },
        { headers: { authorization: `Bearer ${token}` } },
        { headers: { authorization: `bearer  ${token} ` } },
      ]) {
        using client = await RawSocket.upgrade(server.port, request);
        const welcome = await client.receive('welcome');
        expect(welcome).toMatchObject({ user_id: 'ada', username: 'Ada' });
        using back = await RawSocket.upgrade(server.port, { path: `/ws?token=${welcome.session}` });
        expect(await back.receive('welcome')).toMatchObject({ user_id: 'ada' });
      }
    } finally {
      await server.stop();
    }
  });

  test('is refused when it is not one, is of nobody, or has run out', async () => {
    const storage = new MemoryStorage();
    const server = startServer(WITH_KEY, undefined, createLogger('silent'), storage);
    const statusOf = async (token: string): Promise<number> => {
      const path = `/ws?token=${token}`;
      using client = await RawSocket.connect(server.port);
      client.write(upgradeRequest({ path }));
      return (await client.answer()).status;
    };
    try {
      const { token, session_id } = await signIn(server, 'ada');
      expect(await statusOf(token)).toBe(101);
      for (const other of [
        `${token}x`,
        token.slice(0, -1),
        `hbs_${'A'.repeat(43)}`,
        'hbs_',
        session_id,
      ]) {
        expect(await statusOf(other)).toBe(401);
      }
      const hash = createHash('sha256').update('x').digest('hex');
      await storage.createSession({
        token_hash: createHash('sha256')
          .update(`hbs_${'B'.repeat(43)}`)
          .digest('hex'),
        user_id: 'ada',
        created_at_ms: 0,
        expires_at_ms: 1,
      });
      expect(await statusOf(`hbs_${'B'.repeat(43)}`)).toBe(401);
      expect((await askAdmin(server, 'DELETE', `/sessions/${hash}`)).status).toBe(404);
      const unknown = await askAdmin(server, 'POST', '/sessions', { user_id: 'nobody' });
      expect(unknown.status).toBe(404);
      await storage.stop();
      expect(await statusOf(token)).toBe(503);
      expect(await askAdmin(server, 'GET', '/users')).toMatchObject({ status: 503 });
    } finally {
      await server.stop();
    }
  });
});

describe('a request that makes no sense', () => {
  const long = 'x'.repeat(20_000);

  test.each([
    ['POST', '/users', '{"user_id":', 400],
    ['POST', '/users', '[]', 400],
    ['POST', '/users', '\ud800', 400],
    ['POST', '/users', {}, 400],
    ['POST', '/users', { user_id: 7, username: 'Ada' }, 400],
    ['POST', '/users', { user_id: '', username: 'Ada' }, 400],
    ['POST', '/users', { user_id: 'x'.repeat(300), username: 'Ada' }, 400],
    ['POST', '/users', { user_id: 'ada', username: 'A\u200bda' }, 400],
    ['POST', '/users', { user_id: 'ada', username: long }, 413],
    ['POST', '/sessions', { user_id: 'ada', ttl_ms: 0 }, 400],
    ['POST', '/sessions', { user_id: 'ada', ttl_ms: 1e15 }, 400],
    ['POST', '/sessions', { user_id: 'ada', ttl_ms: '1' }, 400],
    ['PATCH', '/users/ada', { disabled: 'yes' }, 400],
    ['POST', '/revocations', { jti: '' }, 400],
    ['GET', '/users?limit=0', undefined, 400],
    ['GET', '/users?limit=1001', undefined, 400],
    ['GET', '/users?limit=x', undefined, 400],
    ['GET', '/revocations?after=x', undefined, 400],
    ['GET', '/users/%ff', undefined, 400],
    ['GET', '/users/', undefined, 404],
    ['GET', '/Users', undefined, 404],
    ['DELETE', '/users', undefined, 405],
    ['PUT', '/sessions', undefined, 405],
  ])('%s %s %j is answered in JSON: %#', async (method, path, body, status) => {
    await using server = serve(WITH_KEY);
    const answer = await askAdmin(server, method, path, body);
    expect(answer.status).toBe(status);
    const { error } = answer.body as { error: Record<string, string> };
    expect(error.code).toMatch(/^[a-z_]+$/);
    expect(error.message).toEndWith('.');
    expect(error.message).not.toContain('xxx');
    if (status === 405) expect(answer.headers.get('allow')).toBeTruthy();
  });
});

test('a key that could be guessed stops the start', () => {
  expect(() => serve({ admin_key: 'secret' })).toThrow('at least 32 bytes');
});
