import { expect, test } from 'bun:test';
import { ADMIN_KEY } from './support/admin.ts';
import { RawSocket } from './support/raw_socket.ts';
import { serve } from './support/serve.ts';

const ENTRY = new URL('../scripts/admin.ts', import.meta.url).pathname;

interface Ended {
  readonly status: number;
  readonly out: string;
  readonly errors: string;
}

async function run(http: string, line: string, key = ADMIN_KEY): Promise<Ended> {
  const child = Bun.spawn([process.execPath, ENTRY, ...line.split(' '), '--url', http], {
    env: { ...process.env, HUBBUB_ADMIN_KEY: key },
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { status: await child.exited, out, errors };
}

test('makes users and sessions, lists and revokes them', async () => {
  await using server = serve({ admin_key: ADMIN_KEY });
  const done = async (line: string): Promise<string> => {
    const { status, out, errors } = await run(server.http, line);
    expect({ line, status, errors }).toEqual({ line, status: 0, errors: '' });
    return out;
  };
  expect(await done('users create ada --name Ada')).toContain('user_id: ada\nusername: Ada\n');
  await done('users create ben');
  expect(await done('users list')).toMatch(/ada +Ada .*\nben +ben /);
  expect(await done('users list --limit 1')).toContain('More: --after ada');

  const { token, session_id } = JSON.parse(await done('sessions create ada --ttl 12h --json')) as {
    readonly token: string;
    readonly session_id: string;
  };
  using client = await RawSocket.upgrade(server.port, { path: `/ws?token=${token}` });
  expect(await client.receive('welcome')).toMatchObject({ user_id: 'ada' });
  const listed = await done('sessions list ada');
  expect(listed).toContain(session_id);
  expect(listed).not.toContain(token);
  expect(await done(`sessions revoke ${session_id}`)).toBe('Done.\n');
  expect((await client.ended()).code).toBe(4501);

  expect(await done('users disable ada')).toContain('disabled: true');
  expect(await done('users enable ada')).toContain('disabled: false');
  expect(await done('users revoke somebody@elsewhere')).toContain('revoked_at_ms: 20');
  expect(JSON.parse(await done('tokens revoke some-jti --json'))).toMatchObject({
    jti: 'some-jti',
  });
});

test('says what is wrong, and with which status', async () => {
  await using server = serve({ admin_key: ADMIN_KEY });
  const outcome = async (line: string, key?: string) => {
    const { status, out, errors } = await run(server.http, line, key);
    expect({ out, lines: errors.split('\n').length }).toEqual({ out: '', lines: 2 });
    expect(errors).not.toContain(ADMIN_KEY);
    return [status, errors] as const;
  };
  expect(await outcome('users paint ada')).toEqual([2, 'admin: There is no "users paint".\n']);
  expect(await outcome('users create')).toEqual([2, 'admin: users create takes: <user_id>.\n']);
  expect((await outcome('users list --colour red'))[0]).toBe(2);
  expect((await outcome('sessions create ada --ttl soon'))[0]).toBe(2);
  expect(await outcome('users list', '')).toEqual([2, 'admin: HUBBUB_ADMIN_KEY is not set.\n']);
  const wrong = await outcome('users list', 'x'.repeat(40));
  expect(wrong).toEqual([1, 'admin: The key is missing or wrong.\n']);
  expect(await outcome('users disable nobody')).toEqual([1, 'admin: There is no such user.\n']);
  const { status, errors } = await run('http://127.0.0.1:1', 'users list');
  expect([status, errors]).toEqual([1, expect.stringContaining('does not answer')]);
});

test('--help lists every command', async () => {
  const { status, out } = await run('http://127.0.0.1:1', '--help', '');
  expect(status).toBe(0);
  for (const command of ['users create', 'sessions revoke', 'tokens revoke', '--json']) {
    expect(out).toContain(command);
  }
});
