import { describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectionsFromDescriptors } from './descriptors.ts';
import { helpText } from './help.ts';
import { flagOf, OPTION_NAMES, OPTIONS, variableOf } from './options.ts';

/** Endings that say the unit of a number; the others are plain counts. */
const UNITS = ['_ms', '_ms_max', '_bytes_max'];

describe('every option', () => {
  test.each(OPTION_NAMES)('%s is within its own bounds, and explained', (name) => {
    const option = OPTIONS[name];
    expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(option.help).toMatch(/^\S.*[^.\s]$/);
    if (option.kind === 'integer') {
      for (const value of [option.min, option.default, option.max]) {
        expect(Number.isSafeInteger(value)).toBe(true);
      }
      expect(option.default).toBeWithin(option.min, option.max + 1);
    }
    if (option.kind === 'choice') expect(option.choices).toContain(option.default);
  });

  test('what is a time or a size says so at the end of its name', () => {
    for (const name of OPTION_NAMES) {
      if (!/_(ms|bytes)(_|$)/.test(name)) continue;
      expect(UNITS.some((unit) => name.endsWith(unit))).toBe(true);
    }
  });
});

describe('--help', () => {
  const lines = helpText().split('\n');

  test.each(OPTION_NAMES)('lists %s with its values, its meaning and its default', (name) => {
    const option = OPTIONS[name];
    const own = lines.filter((line) => line.startsWith(`  ${flagOf(name)} `));
    expect(own).toHaveLength(1);
    expect(own[0]).toContain(option.help);
    expect(own[0]).toEndWith(`(default ${option.default === '' ? 'empty' : option.default})`);
    if (option.kind === 'choice') {
      for (const one of option.choices) expect(own[0]).toContain(one);
    }
  });

  test('tells of the environment and the file', () => {
    expect(helpText()).toContain(variableOf('flush_interval_ms'));
    expect(lines.filter((line) => line.startsWith('  --'))).toHaveLength(OPTION_NAMES.length + 2);
    expect(helpText()).toContain('--config <path>');
  });
});

describe('connections from descriptors', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hubbub-limits-'));
  const limits = (line: string): number => {
    const path = join(folder, 'limits');
    writeFileSync(path, `Limit        Soft Limit  Hard Limit  Units\n${line}\n`);
    return connectionsFromDescriptors(path);
  };

  test('leave some for everything else', () => {
    try {
      expect(
        limits('Max open files            65536                524288               files'),
      ).toBe(65_408);
      expect(
        limits('Max open files            unlimited            unlimited            files'),
      ).toBe(1_048_448);
      expect(
        limits('Max open files            100                  100                  files'),
      ).toBe(1);
      expect(
        limits('Max stack size            8388608              unlimited            bytes'),
      ).toBe(896);
      expect(connectionsFromDescriptors(join(folder, 'missing'))).toBe(896);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    expect(connectionsFromDescriptors()).toBeGreaterThan(0);
  });
});
