import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { ConfigError } from '../errors.ts';
import { loadConfig } from './load.ts';
import {
  type Config,
  flagOf,
  OPTION_NAMES,
  OPTIONS,
  type OptionName,
  variableOf,
} from './options.ts';

const folder = mkdtempSync(join(tmpdir(), 'hubbub-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, source: string): string {
  const path = join(folder, name);
  writeFileSync(path, source);
  return path;
}

function load(args: readonly string[], environment: Record<string, string> = {}): Config {
  const config = loadConfig(args, environment);
  if (config === undefined) throw new Error('help was not asked for');
  return config;
}

/** @returns the sentence a person would read */
function complaint(args: readonly string[], environment: Record<string, string> = {}): string {
  try {
    load(args, environment);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message;
  }
  throw new Error('nothing was wrong with it');
}

describe('where a value comes from', () => {
  test('by default each is its default, and nothing can be changed afterwards', () => {
    const config = load([]);
    for (const name of OPTION_NAMES) expect(config[name]).toBe(OPTIONS[name].default);
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.keys(config)).toEqual(OPTION_NAMES);
  });

  test('a flag wins over the environment, that over the file, that over the default', () => {
    const places = fc.record({ flag: fc.boolean(), variable: fc.boolean(), file: fc.boolean() });
    const toml = file('order.toml', 'port = 3');
    fc.assert(
      fc.property(places, (given) => {
        const args = [
          ...(given.flag ? ['--port', '1'] : []),
          ...(given.file ? ['--config', toml] : []),
        ];
        const expected = given.flag ? 1 : given.variable ? 2 : given.file ? 3 : 8080;
        expect(load(args, given.variable ? { HUBBUB_PORT: '2' } : {}).port).toBe(expected);
      }),
    );
  });

  test('every option can be given in each of the four ways', () => {
    for (const name of OPTION_NAMES) {
      const value = otherValue(name);
      const larger = { ...roomForAll(name), [name]: value };
      const others = Object.entries(larger).filter(([key]) => key !== name);
      const flags = others.flatMap(([key, each]) => [flagOf(key as OptionName), String(each)]);
      expect(load([...flags, flagOf(name), String(value)])[name]).toBe(value);
      expect(load([...flags, `${flagOf(name)}=${value}`])[name]).toBe(value);
      expect(load(flags, { [variableOf(name)]: String(value) })[name]).toBe(value);
      const toml = file('one.toml', `${name} = ${JSON.stringify(value)}\n`);
      expect(load(flags, { HUBBUB_CONFIG: toml })[name]).toBe(value);
      const json = file('one.json', JSON.stringify({ [name]: value }));
      expect(load([...flags, '--config', json])[name]).toBe(value);
    }
  });

  test('of a flag given twice the last one counts', () => {
    expect(load(['--port', '1', '--port=2']).port).toBe(2);
  });

  test('help is no configuration', () => {
    expect(loadConfig(['--help'], {})).toBeUndefined();
    expect(loadConfig(['--port', '1', '-h'], {})).toBeUndefined();
  });

  /** A value that is allowed and not the default. */
  function otherValue(name: OptionName): number | string {
    const option = OPTIONS[name];
    switch (option.kind) {
      case 'integer':
        return option.default === option.max ? option.max - 1 : option.default + 1;
      case 'choice':
        return option.choices.find((one) => one !== option.default) ?? option.default;
      case 'text':
        return `another ${option.default}`;
    }
  }

  /** Limits must not pass one another: those above `name` get out of its way. */
  function roomForAll(name: OptionName): Partial<Record<OptionName, number>> {
    const wide = ['frame_bytes_max', 'pending_bytes_max', 'send_buffer_bytes_max'] as const;
    return Object.fromEntries(
      wide.filter((one) => one !== name).map((one) => [one, 64 * 1024 * 1024]),
    );
  }
});

describe('a bad value is one clear sentence', () => {
  test.each([
    [['--port'], "Option '--port <value>' argument missing; --help lists every option."],
    [['--port', '-5'], "Option '--port' argument is ambiguous; --help lists every option."],
    [['--prot', '1'], "Unknown option '--prot'; --help lists every option."],
    [['--constructor', '1'], "Unknown option '--constructor'; --help lists every option."],
    [['8080'], "Unexpected argument '8080'; --help lists every option."],
    [['--port', ''], '--port must be an integer from 0 to 65535, not "".'],
    [['--port', 'http'], '--port must be an integer from 0 to 65535, not "http".'],
    [['--port', '80.5'], '--port must be an integer from 0 to 65535, not "80.5".'],
    [['--port', '0x50'], '--port must be an integer from 0 to 65535, not "0x50".'],
    [['--port', ' 80'], '--port must be an integer from 0 to 65535, not " 80".'],
    [['--port', '65536'], '--port must be an integer from 0 to 65535, not "65536".'],
    [['--hub', 'rust'], '--hub must be auto or native or script, not "rust".'],
    [['--log', ''], '--log must be memory or sqlite or postgres, not "".'],
  ])('%j', (args, sentence) => {
    expect(complaint(args)).toBe(sentence);
  });

  test('it names the place the value came from', () => {
    expect(complaint([], { HUBBUB_RATE_LIMIT: '-1' })).toBe(
      'HUBBUB_RATE_LIMIT must be an integer from 0 to 1000000, not "-1".',
    );
    const path = file('bad.toml', 'flush_interval_ms = 1.5');
    expect(complaint(['--config', path])).toBe(
      `"flush_interval_ms" in ${path} must be an integer from 0 to 1000, not 1.5.`,
    );
  });

  test('also when a better place would have won', () => {
    expect(complaint([], { HUBBUB_PORT: 'x', HUBBUB_HOST: 'y' })).toStartWith('HUBBUB_PORT');
    expect(complaint(['--port', 'x'], { HUBBUB_PORT: '80' })).toStartWith('--port');
  });

  test('in a file, of any type', () => {
    for (const value of ['true', '[]', '{}', 'null', '"x"', '-1', '1e300', '"١"']) {
      const path = file('bad.json', `{"port":${value}}`);
      expect(complaint(['--config', path])).toStartWith(`"port" in ${path} must be an integer`);
    }
    for (const value of ['5', 'true', 'null', '["a"]']) {
      const path = file('bad.json', `{"host":${value}}`);
      expect(complaint(['--config', path])).toBe(`"host" in ${path} must be text, not ${value}.`);
    }
    for (const value of ['inf', 'nan', '1979-05-27', '9007199254740993']) {
      expect(complaint(['--config', file('bad.toml', `port = ${value}`)])).toMatch(/^.+\.$/);
    }
  });

  test('a file that is missing, broken, or no object', () => {
    const missing = join(folder, 'missing.toml');
    expect(complaint(['--config', missing])).toStartWith(
      `The configuration file ${missing} cannot be used: ENOENT`,
    );
    for (const [name, source] of [
      ['broken.toml', 'port = ['],
      ['broken.json', '{"port":'],
      ['empty.json', ''],
    ] as const) {
      const path = file(name, source);
      expect(complaint(['--config', path])).toStartWith(
        `The configuration file ${path} cannot be used: `,
      );
    }
    for (const source of ['null', '5', '"text"', '[]', '[{"port":1}]']) {
      const path = file('value.json', source);
      expect(complaint(['--config', path])).toBe(
        `The configuration file ${path} must hold one object.`,
      );
    }
  });

  test('a key that is no option, however it looks', () => {
    for (const key of ['prot', 'constructor', 'Port', 'flush-interval-ms', 'config']) {
      const path = file('keys.json', JSON.stringify({ [key]: 1 }));
      expect(complaint(['--config', path])).toBe(
        `"${key}" in ${path} is not an option; --help lists every option.`,
      );
    }
    const table = file('table.toml', '[server]\nport = 1');
    expect(complaint(['--config', table])).toStartWith('"server" in');
  });

  test('an empty file is no complaint', () => {
    expect(load(['--config', file('empty.toml', '')]).port).toBe(8080);
    expect(load(['--config', file('nothing.json', '{}')]).port).toBe(8080);
  });

  test('limits that do not fit together', () => {
    expect(complaint(['--text-bytes-max', '2000', '--frame-bytes-max', '1000'])).toBe(
      '--text-bytes-max (2000) must not be larger than --frame-bytes-max (1000).',
    );
    expect(complaint(['--pending-bytes-max', '65536', '--batch-bytes-max', '65537'])).toBe(
      '--batch-bytes-max (65537) must not be larger than --pending-bytes-max (65536).',
    );
    const buffer = ['--send-buffer-bytes-max', '100000'];
    for (const flag of ['--history-bytes-max', '--replay-bytes-max']) {
      const other = flag === '--history-bytes-max' ? '--replay-bytes-max' : '--history-bytes-max';
      expect(complaint([...buffer, flag, '100001', other, '1'])).toBe(
        `${flag} (100001) must not be larger than --send-buffer-bytes-max (100000).`,
      );
    }
    expect(load(['--text-bytes-max', '1000', '--frame-bytes-max', '1000']).port).toBe(8080);
  });

  test('whatever the value, it is taken as it is or complained about in one line', () => {
    const names = fc.constantFrom(...OPTION_NAMES);
    const values = fc.oneof(fc.string({ unit: 'binary' }), fc.integer().map(String), fc.json());
    fc.assert(
      fc.property(names, values, (name, value) => {
        try {
          expect(String(load([`${flagOf(name)}=${value}`])[name])).toBe(
            OPTIONS[name].kind === 'integer' ? String(Number(value)) : value,
          );
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
          expect((error as ConfigError).message).toMatch(/^[^\n]+\.$/);
        }
      }),
      { numRuns: 500 },
    );
  });
});
