import { describe, expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { temporaryClone } from '../tests/support/temporary_clone.ts';

const deadline_ms = 30_000;

/** A server that says what it was given and what it is asked, and takes a while to stop. */
const fakeServer = `
  process.on('SIGTERM', () => {
    console.log('asked to stop');
    setTimeout(() => process.exit(0), 600);
  });
  console.log(JSON.stringify(process.argv.slice(2)));
  console.log(process.pid);
  setTimeout(() => process.exit(9), ${deadline_ms});
`;

/** A server that does not listen to signals. */
const plainServer = `
  console.log(process.pid);
  setTimeout(() => process.exit(9), ${deadline_ms});
`;

/** A clone whose boot has nothing to do and whose server is the given one. */
function cloneWith(server: string): ReturnType<typeof temporaryClone> {
  const clone = temporaryClone(['package.json', 'scripts/stop_with_npx.ts']);
  mkdirSync(join(clone.path, 'server'));
  writeFileSync(join(clone.path, 'server/main.ts'), server);
  writeFileSync(join(clone.path, 'scripts/boot.ts'), '');
  return clone;
}

/** Starts a shell command in the clone; `lines` are those the server writes. */
function start(path: string, command: string, environment: Record<string, string>) {
  const { npm_execpath: _, ...inherited } = process.env;
  const searchPath = `${dirname(process.execPath)}:${process.env.PATH}`;
  const child = Bun.spawn(['sh', '-c', command], {
    cwd: path,
    env: { ...inherited, PATH: searchPath, ...environment },
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: deadline_ms,
  });
  return { child, lines: readLines(child.stdout) };
}

async function* readLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

/** What a shell that npx starts finds in its environment. */
const npm = { npm_execpath: '/usr/lib/node_modules/npm/bin/npm-cli.js' };
const underNpx = 'bun run server; exit $?';

async function next(lines: AsyncGenerator<string>): Promise<string | undefined> {
  const { value, done } = await lines.next();
  return done ? undefined : value;
}

describe('bun run server', () => {
  test('hands its arguments to the server and SIGTERM too', async () => {
    using clone = cloneWith(fakeServer);
    const { child, lines } = start(clone.path, 'exec bun run server --port 0 --name "a b"', {});
    expect(await next(lines)).toBe('["--port","0","--name","a b"]');
    expect(Number(await next(lines))).toBeGreaterThan(0);
    child.kill('SIGTERM');
    expect(await next(lines)).toBe('asked to stop');
    expect(await next(lines)).toBeUndefined();
    expect(await child.exited).toBe(0);
  });

  test('under npx, stops when the shell in between is stopped', async () => {
    using clone = cloneWith(fakeServer);
    const { child, lines } = start(clone.path, underNpx, npm);
    expect(await next(lines)).toBe('[]');
    expect(Number(await next(lines))).toBeGreaterThan(0);
    child.kill('SIGTERM');
    expect(await next(lines)).toBe('asked to stop');
    expect(await next(lines)).toBeUndefined();
  });

  test('under npx, is not asked again when it is stopping already', async () => {
    using clone = cloneWith(fakeServer);
    const { child, lines } = start(clone.path, underNpx, npm);
    expect(await next(lines)).toBe('[]');
    process.kill(Number(await next(lines)), 'SIGTERM');
    expect(await next(lines)).toBe('asked to stop');
    child.kill('SIGTERM');
    expect(await next(lines)).toBeUndefined();
  });

  test('under npx, a server that does not listen to signals ends on the first', async () => {
    using clone = cloneWith(plainServer);
    const { child, lines } = start(clone.path, underNpx, npm);
    process.kill(Number(await next(lines)), 'SIGTERM');
    expect(await next(lines)).toBeUndefined();
    expect(await child.exited).toBe(128 + 15);
  });
});
