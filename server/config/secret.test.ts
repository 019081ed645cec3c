import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../errors.ts';
import { sessionSecret } from './secret.ts';

let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'hubbub-secret-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;
function newFolder(): string {
  folders += 1;
  return join(root, `data ${folders}`, 'deeper');
}

const secretIn = (data_dir: string): string => sessionSecret({ data_dir, session_secret: '' });

/** @returns the sentence a person would read */
function complaint(data_dir: string): string {
  try {
    secretIn(data_dir);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message;
  }
  throw new Error('nothing was wrong with it');
}

describe('a kept secret', () => {
  test('is made once, and found again', () => {
    const folder = newFolder();
    const secret = secretIn(folder);
    expect(secret).toMatch(/^[\w-]{43}$/);
    expect(secretIn(folder)).toBe(secret);
    expect(readdirSync(folder)).toEqual(['session.secret']);
    expect(secretIn(newFolder())).not.toBe(secret);
  });

  test('is its owner’s alone to read', () => {
    const folder = newFolder();
    secretIn(folder);
    expect(statSync(join(folder, 'session.secret')).mode & 0o777).toBe(0o600);
  });

  test('is the same for all that start at once', async () => {
    const starters = 6;
    for (let round = 0; round < 3; round += 1) {
      const folder = newFolder();
      const begin_ms = Date.now() + 400;
      // All of them look for the file in the same millisecond, as far as they can.
      const source = `
        import { sessionSecret } from './server/config/secret.ts';
        while (Date.now() < ${begin_ms});
        console.log(sessionSecret({ data_dir: ${JSON.stringify(folder)}, session_secret: '' }));`;
      const secrets = await Promise.all(
        Array.from({ length: starters }, async () => {
          const child = Bun.spawn([process.execPath, '-e', source], {
            cwd: new URL('../..', import.meta.url).pathname,
            stdout: 'pipe',
            stderr: 'inherit',
            timeout: 20_000,
          });
          const secret = await child.stdout.text();
          expect(await child.exited).toBe(0);
          return secret.trim();
        }),
      );
      expect(new Set(secrets)).toEqual(
        new Set([readFileSync(join(folder, 'session.secret'), 'utf8')]),
      );
      expect(readdirSync(folder)).toEqual(['session.secret']);
    }
  });

  test('is not looked for when one is configured, which has 16 characters at least', () => {
    const folder = newFolder();
    const given = 'sixteen letters.';
    expect(sessionSecret({ data_dir: folder, session_secret: given })).toBe(given);
    expect(() => sessionSecret({ data_dir: folder, session_secret: given.slice(1) })).toThrow(
      new ConfigError('--session-secret must have at least 16 characters.'),
    );
    expect(() => statSync(folder)).toThrow();
  });
});

describe('one that cannot be kept stops the start with one sentence', () => {
  const advice = 'choose a writable --data-dir or set --session-secret.';

  test('where the folder cannot be made', () => {
    const file = join(root, 'a file');
    writeFileSync(file, '');
    for (const folder of [file, join(file, 'below'), '/proc/nowhere']) {
      const path = join(folder, 'session.secret');
      expect(complaint(folder)).toBe(`The session secret cannot be kept in ${path}; ${advice}`);
    }
  });

  test('where something else has its name', () => {
    const folder = newFolder();
    mkdirSync(join(folder, 'session.secret'), { recursive: true });
    expect(complaint(folder)).toEndWith(advice);
  });

  test('where what is kept is too short to be one', () => {
    const folder = newFolder();
    mkdirSync(folder, { recursive: true });
    const path = join(folder, 'session.secret');
    for (const kept of ['', 'x', 'x'.repeat(31)]) {
      writeFileSync(path, kept);
      expect(complaint(folder)).toBe(`${path} holds no usable secret; delete it and start again.`);
    }
    writeFileSync(path, 'x'.repeat(32));
    expect(secretIn(folder)).toBe('x'.repeat(32));
  });
});
