import { describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryStorage } from '../server/storage/memory.ts';
import { createLogger } from '../server/telemetry/logger.ts';
import { ADMIN_KEY, askAdmin, signIn } from './support/admin.ts';
import { signWithSecret } from './support/issuer.ts';
import { RawSocket, upgradeRequest } from './support/raw_socket.ts';
import { serve, serveAlone } from './support/serve.ts';
import { startServer } from './support/server.ts';

const SECRET = 'a secret of thirty-two bytes or more';
const OPTIONS = { admin_key: ADMIN_KEY, jwt_secret: SECRET } as const;
const WITHIN_MS = 1_000;

const open = async (port: number, token: string): Promise<RawSocket> => {
  const client = await RawSocket.upgrade(port, { path: `/ws?token=${token}` });
  await client.receive('welcome');
  return client;
};

async function statusOf(port: number, token: string): Promise<number> {
  using client = await RawSocket.connect(port);
  client.write(upgradeRequest({ path: `/ws?token=${token}` }));
  return (await client.answer()).status;
}

describe('a live connection ends with 4501', () => {
  test('when its session token is revoked, and others of the user stay', async () => {
    await using server = serve(OPTIONS);
    const [first, second] = [await signIn(server, 'ada'), await signIn(server, 'ada')];
    using gone = await open(server.port, first.token);
    using stays = await open(server.port, second.token);
    const { status } = await askAdmin(server, 'DELETE', `/sessions/${first.session_id}`);
    expect(status).toBe(204);
    expect((await gone.ended(WITHIN_MS)).code).toBe(4501);
    await stays.roundTrip();
    expect(await statusOf(server.port, first.token)).toBe(401);
    expect(await statusOf(server.port, second.token)).toBe(101);
  });

  test('when its JSON Web Token is revoked by its id, also if it came back meanwhile', async () => {
    await using server = serve(OPTIONS);
    const token = await signWithSecret(SECRET, { jti: 'one' });
    using client = await RawSocket.upgrade(server.port, { path: `/ws?token=${token}` });
    const { session } = await client.receive('welcome');
    using resumed = await open(server.port, session);
    using stays = await open(server.port, await signWithSecret(SECRET, { jti: 'other' }));
    await askAdmin(server, 'POST', '/revocations', { jti: 'one' });
    expect((await client.ended(WITHIN_MS)).code).toBe(4501);
    expect((await resumed.ended(WITHIN_MS)).code).toBe(4501);
    await stays.roundTrip();
    for (const void_token of [token, session])
      expect(await statusOf(server.port, void_token)).toBe(401);
  });

  test('when its user is signed out: tokens from before are void, later ones are not', async () => {
    await using server = serve(OPTIONS);
    const tokens = [(await signIn(server, 'ada')).token, await signWithSecret(SECRET)];
    const clients = await Promise.all(tokens.map((token) => open(server.port, token)));
    using ben = await open(server.port, await signWithSecret(SECRET, { sub: 'ben' }));
    await askAdmin(server, 'POST', '/users/ada/revoke');
    for (const client of clients) expect((await client.ended(WITHIN_MS)).code).toBe(4501);
    await ben.roundTrip();
    for (const token of tokens) expect(await statusOf(server.port, token)).toBe(401);
    expect(await statusOf(server.port, (await signIn(server, 'ada')).token)).toBe(101);
    const later = await signWithSecret(SECRET, { iat: Math.floor(Date.now() / 1_000) + 1 });
    expect(await statusOf(server.port, later)).toBe(101);
  });

  test('when its user is disabled, who is let in no more, whoever vouches', async () => {
    await using server = serve(OPTIONS);
    const { token } = await signIn(server, 'ada');
    using client = await open(server.port, token);
    await askAdmin(server, 'PATCH', '/users/ada', { disabled: true });
    expect((await client.ended(WITHIN_MS)).code).toBe(4501);
    const later = await signWithSecret(SECRET, { iat: Math.floor(Date.now() / 1_000) + 60 });
    for (const one of [token, later]) expect(await statusOf(server.port, one)).toBe(401);
    const refused = await askAdmin(server, 'POST', '/sessions', { user_id: 'ada' });
    expect(refused.status).toBe(409);
  });

  test('also for a guest, who does not come back with a resume token', async () => {
    await using server = serve(OPTIONS);
    using guest = await RawSocket.upgrade(server.port);
    const { user_id, session } = await guest.receive('welcome');
    await askAdmin(server, 'POST', `/users/${user_id}/revoke`);
    expect((await guest.ended(WITHIN_MS)).code).toBe(4501);
    expect(await statusOf(server.port, session)).toBe(401);
  });

  test('at every worker, whichever was asked', async () => {
    await using server = await serveAlone({ ...OPTIONS, workers: 2 });
    const { token } = await signIn(server, 'ada');
    // Enough that the kernel gives each worker some.
    const clients = await Promise.all(Array.from({ length: 16 }, () => open(server.port, token)));
    await askAdmin(server, 'POST', '/users/ada/revoke');
    const endings = await Promise.all(clients.map((client) => client.ended(WITHIN_MS)));
    expect(new Set(endings.map(({ code }) => code))).toEqual(new Set([4501]));
    for (const client of clients) client[Symbol.dispose]();
    const statuses = await Promise.all(
      Array.from({ length: 16 }, () => statusOf(server.port, token)),
    );
    expect(new Set(statuses)).toEqual(new Set([401]));
  });
});

test('what was revoked stays so at the next start, with storage that lasts', async () => {
  const data_dir = mkdtempSync(join(tmpdir(), 'hubbub-revocation-'));
  const options = { ...OPTIONS, data_dir, storage: 'sqlite', workers: 1 } as const;
  try {
    const first = await serveAlone(options);
    const { token } = await signIn(first, 'ada');
    const other = await signIn(first, 'ben');
    using client = await RawSocket.upgrade(first.port, { path: `/ws?token=${token}` });
    const { session } = await client.receive('welcome');
    await askAdmin(first, 'POST', '/users/ada/revoke');
    await client.ended(WITHIN_MS);
    await first.stop('SIGKILL');
    await using second = await serveAlone(options);
    // At once: nobody is let in before the revocations have been read.
    for (const one of [session, token]) expect(await statusOf(second.port, one)).toBe(401);
    expect(await statusOf(second.port, other.token)).toBe(101);
  } finally {
    rmSync(data_dir, { recursive: true });
  }
});

test('while storage is away nobody new is let in with a token, and guests are', async () => {
  const storage = new MemoryStorage();
  const server = startServer(OPTIONS, undefined, createLogger('silent'), storage);
  try {
    const { token } = await signIn(server, 'ada');
    using client = await open(server.port, token);
    await storage.stop();
    expect(await statusOf(server.port, token)).toBe(503);
    using guest = await RawSocket.upgrade(server.port);
    await guest.receive('welcome');
    guest.send({ type: 'auth', token, id: 'a1' });
    expect(await guest.receive('error')).toMatchObject({
      code: 'unavailable',
      id: 'a1',
      temporary: true,
    });
    await guest.roundTrip();
    await client.roundTrip();
  } finally {
    await server.stop();
  }
});

test('the hash of a token is no token', async () => {
  await using server = serve(OPTIONS);
  const { token, session_id } = await signIn(server, 'ada');
  expect(session_id).toBe(createHash('sha256').update(token).digest('hex'));
  for (const guess of [session_id, `hbs_${session_id}`]) {
    expect(await statusOf(server.port, guess)).toBe(401);
  }
});
