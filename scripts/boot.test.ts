import { describe, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { requires } from '../tests/support/requires.ts';
import { temporaryClone } from '../tests/support/temporary_clone.ts';

const needed = ['package.json', 'bun.lock', 'bunfig.toml', 'CMakeLists.txt', 'native', 'scripts'];
const installed = 'hubbub: dependencies installed';
const built = 'hubbub: native addon built';

/** Runs the boot script of a clone and answers its exit code and what it told the user. */
async function boot(
  path: string,
  options: { flags?: string[]; searchPath?: string } = {},
): Promise<{ code: number; told: string }> {
  const child = Bun.spawn([process.execPath, 'scripts/boot.ts', ...(options.flags ?? [])], {
    cwd: path,
    env: { ...process.env, PATH: options.searchPath ?? process.env.PATH },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 100_000,
  });
  const [told, code] = await Promise.all([new Response(child.stderr).text(), child.exited]);
  return { code, told };
}

function breakAddon(path: string): void {
  writeFileSync(join(path, 'native/addon.cc'), 'this is not C++;\n');
}

describe('boot', () => {
  test('without build tools: installs, says what is missing, and carries on', async () => {
    using clone = temporaryClone(needed);
    const searchPath = dirname(process.execPath);
    const first = await boot(clone.path, { searchPath });
    expect(first.code).toBe(0);
    expect(first.told).toContain(installed);
    expect(first.told).toMatch(/WARNING: no native addon, .*cmake.* missing: .*TypeScript/);

    const second = await boot(clone.path, { searchPath, flags: ['--strict'] });
    expect(second.code).toBe(0);
    expect(second.told).not.toContain(installed);
    expect(second.told).toContain('WARNING: no native addon');
  }, 60_000);

  test('stops when the lockfile does not fit package.json', async () => {
    using clone = temporaryClone(needed);
    const file = join(clone.path, 'package.json');
    const text = await Bun.file(file).text();
    writeFileSync(file, text.replace(/"pino": "[^"]*"/, '"pino": "0.0.1"'));
    const { code, told } = await boot(clone.path);
    expect(code).toBe(1);
    expect(told).toContain('installing the dependencies failed');
    expect(told).toContain('frozen');
  }, 60_000);

  requires('native-addon')(
    'twice at once: one prepares, the other waits, and later starts say nothing',
    async () => {
      using clone = temporaryClone(needed);
      const starts = await Promise.all([boot(clone.path), boot(clone.path)]);
      expect(starts.map(({ code }) => code)).toEqual([0, 0]);
      const told = starts.map((start) => start.told).join('');
      expect(told.split(installed)).toHaveLength(2);
      expect(told.split(built)).toHaveLength(2);
      expect(told.split('waiting for it')).toHaveLength(2);

      expect(await boot(clone.path)).toEqual({ code: 0, told: '' });
    },
    120_000,
  );

  requires('native-addon')(
    'an addon that does not compile stops only a strict start',
    async () => {
      using clone = temporaryClone(needed);
      breakAddon(clone.path);
      const first = await boot(clone.path);
      expect(first.code).toBe(0);
      expect(first.told).toContain('addon.cc:1');
      expect(first.told).toContain('WARNING: no native addon, it does not compile');

      const second = await boot(clone.path);
      expect(second.code).toBe(0);
      expect(second.told).not.toContain('addon.cc:1');
      expect(second.told).toContain('WARNING: no native addon, it does not compile');

      const strict = await boot(clone.path, { flags: ['--strict'] });
      expect(strict.code).toBe(1);
      expect(strict.told).toContain('addon.cc:1');
    },
    120_000,
  );
});
