import { describe, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../server/config/load.ts';
import { RIGHTS } from '../server/identity/permissions.ts';
import { ADMIN_KEY } from './support/admin.ts';
import {
  codeOf,
  danglingAnchors,
  parseMarkdown,
  sectionNamed,
  tableOf,
} from './support/markdown.ts';
import { RawSocket } from './support/raw_socket.ts';
import { requires } from './support/requires.ts';
import { serve } from './support/serve.ts';

/** What `docs/authentication.md` shows is run. */

const TEXT = readFileSync(new URL('../docs/authentication.md', import.meta.url), 'utf8');
const DOCUMENT = parseMarkdown(TEXT);
const ROOT = new URL('..', import.meta.url).pathname;

const fencesOf = (info: string): readonly string[] =>
  DOCUMENT.flatMap(({ fences }) => fences)
    .filter((fence) => fence.info === info)
    .map(({ content }) => content.join('\n'));

/** A folder for as long as a block. */
function folder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'hubbub-guide-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

/** @returns what it printed */
async function run(command: readonly string[], cwd: string, more: object = {}): Promise<string> {
  const child = Bun.spawn([...command], {
    cwd,
    env: { ...process.env, ...more },
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  expect({ status: await child.exited, errors }).toEqual({ status: 0, errors: expect.any(String) });
  return out;
}

const shell = (script: string, cwd: string, more?: object): Promise<string> =>
  run(['sh', '-ec', script], cwd, more);

/** The options of a command that starts a server, as the guide shows it, in a folder. */
function optionsIn(command: string, cwd: string) {
  const words = command.replaceAll('\\\n', ' ').split(/\s+(?=(?:[^']*'[^']*')*[^']*$)/);
  const flags = words.slice(words.indexOf('server') + 1).map((word) => word.replaceAll("'", ''));
  const inFolder = flags.map((word) => (existsSync(join(cwd, word)) ? join(cwd, word) : word));
  const config = loadConfig(inFolder, {});
  const standard = loadConfig([], {});
  if (config === undefined || standard === undefined) throw new Error('no configuration');
  return Object.fromEntries(
    Object.entries(config).filter(
      ([name, value]) => value !== standard[name as keyof typeof standard],
    ),
  );
}

const [MAKE_KEYS = '', MAKE_SECRET = '', SIGN_WITH_SECRET = ''] = fencesOf('sh');
/** The command that starts a server with this option. */
function startWith(flag: string): string {
  const command = fencesOf('sh server').find((one) => one.includes(flag));
  if (command === undefined) throw new Error(`the guide starts no server with ${flag}`);
  return command;
}

describe('the authentication guide', () => {
  requires('openssl')('a key pair: its token is accepted', async () => {
    using place = folder();
    await shell(MAKE_KEYS, place.path);
    const [code = ''] = fencesOf('ts');
    const source = code
      .replace("'jose'", JSON.stringify(Bun.resolveSync('jose', ROOT)))
      .replace("'issuer.key'", JSON.stringify(join(place.path, 'issuer.key')));
    await Bun.write(join(place.path, 'sign.ts'), source);
    const token = (await run([process.execPath, 'sign.ts'], place.path)).trim();
    await using server = serve(optionsIn(startWith('--jwt-public-key'), place.path));
    using client = await RawSocket.upgrade(server.port, { path: `/ws?token=${token}` });
    const welcome = await client.receive('welcome');
    expect(welcome).toMatchObject({ user_id: 'user-17', username: 'Ada Lovelace' });
    client.send({ type: 'join', room: 'team.a' }, { type: 'join', room: 'lobby' });
    await client.receive('joined');
    expect(await client.receive('error')).toMatchObject({ code: 'forbidden', room: 'lobby' });
  });

  requires('openssl')('a secret: what the shell signs is accepted', async () => {
    using place = folder();
    await shell(MAKE_SECRET, place.path);
    const token = (await shell(SIGN_WITH_SECRET, place.path)).trim();
    const jwt_secret = readFileSync(join(place.path, 'jwt.secret'), 'utf8');
    await using server = serve({ jwt_secret });
    using client = await RawSocket.upgrade(server.port, { path: `/ws?token=${token}` });
    expect(await client.receive('welcome')).toMatchObject({ user_id: 'user-17', username: 'Ada' });
  });

  requires('curl')('the commands that administrate do', async () => {
    await using server = serve({ admin_key: ADMIN_KEY });
    for (const script of fencesOf('sh admin')) {
      const here = script
        .replaceAll('http://localhost:8080', server.http)
        .replaceAll('bun run admin', `"${process.execPath}" scripts/admin.ts --url ${server.http}`);
      expect(await shell(here, ROOT, { HUBBUB_ADMIN_KEY: ADMIN_KEY })).not.toBe('');
    }
  });

  test('what else it starts servers with is understood', async () => {
    for (const flag of ['--guest-rooms', '--allowed-origins']) {
      const options = optionsIn(startWith(flag), ROOT);
      expect(Object.keys(options)).toEqual([flag.slice(2).replaceAll('-', '_')]);
      await using server = serve(options);
      using client = await RawSocket.join(server.port, 'lobby');
      await client.roundTrip();
    }
    expect(optionsIn(startWith('--jwt-jwks-url'), ROOT)).toMatchObject({
      jwt_jwks_url: 'https://id.example.com/.well-known/jwks.json',
      jwt_issuer: 'https://id.example.com/',
      jwt_audience: 'chat',
    });
  });

  test('the rights are those of the code', () => {
    const { rows } = tableOf(sectionNamed(DOCUMENT, 'Rooms'));
    expect(rows.map(([right]) => codeOf(right))).toEqual([...RIGHTS]);
  });

  test('its links lead somewhere', () => {
    expect(danglingAnchors(TEXT)).toEqual([]);
  });
});
