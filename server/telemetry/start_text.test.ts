import { expect, test } from 'bun:test';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/options.ts';
import { startText } from './start_text.ts';

const STARTED = {
  version: '0.1.0',
  bun: '1.4.5',
  port: 8080,
  workers: 2,
  hub: 'native',
  log: 'memory',
  fallback: undefined,
} as const;

function textOf(started: object = {}, config: Partial<Config> = {}): string {
  const defaults = loadConfig([], {});
  if (defaults === undefined) throw new Error('no configuration');
  return startText({ ...STARTED, ...started }, { ...defaults, ...config });
}

test('says what to open, what serves it and which limits hold', () => {
  expect(textOf({}, { connections_max: 19_872 })).toBe(`
Hubbub 0.1.0 on Bun 1.4.5

  open     http://localhost:8080/
  connect  ws://localhost:8080/ws, from other machines too
  serving  2 workers, native hub, memory log (a restart forgets messages)
  limits   19,872 connections, 10 messages/s each (10 at once), texts up to 16 KiB
  rooms    100,000, each remembers 100 messages
  watch    http://localhost:8080/stats, /metrics, /healthz, /readyz
  stop     Ctrl-C

`);
});

test('names the address as it is to be typed', () => {
  expect(textOf({ port: 9 }, { host: '127.0.0.1' })).toContain('ws://127.0.0.1:9/ws\n');
  expect(textOf({ port: 9 }, { host: '::1' })).toContain('http://[::1]:9/\n');
  expect(textOf({}, { host: '::' })).toContain('http://localhost:8080/\n');
});

test('does not hide that something is missing', () => {
  const text = textOf({
    workers: 1,
    hub: 'script',
    fallback: 'the addon cannot be loaded: no file',
  });
  expect(text).toContain('  serving  1 worker, script hub,');
  expect(text).toContain(
    '  note     TypeScript hub, because the addon cannot be loaded: no file\n',
  );
  expect(textOf({}, { rate_limit: 0 })).toContain('messages at any rate');
});
