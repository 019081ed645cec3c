import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { poolBytesFromMemory } from './memory.ts';

const MIB = 1_024 * 1_024;
const folder = mkdtempSync(join(tmpdir(), 'hubbub-memory-'));
afterAll(() => rmSync(folder, { recursive: true }));

const most = Math.min(512 * MIB, Math.floor(totalmem() / 2));

test.each([
  ['268435456\n', 128 * MIB],
  ['max\n', most],
  ['9223372036854771712\n', most],
  ['', most],
  ['nonsense', most],
])('a container that may use %j', (text, expected) => {
  const path = join(folder, 'limit');
  writeFileSync(path, text);
  expect(poolBytesFromMemory([join(folder, 'missing'), path])).toBe(expected);
});

test('no container', () => {
  expect(poolBytesFromMemory([join(folder, 'missing')])).toBe(most);
});
