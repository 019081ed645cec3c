import { afterAll, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { madeUpDocument } from './made_up_document.ts';
import { writeTables } from './report.ts';
import { reportCommand, writePages } from './report_command.ts';

const folder = await mkdtemp(join(tmpdir(), 'hubbub-report-'));
afterAll(() => rm(folder, { recursive: true }));

const marked = (name: string, body = ''): string =>
  `before\n<!-- bench:${name} -->${body}<!-- /bench:${name} -->\nafter\n`;

test('the tables in the documents are what the published results say', async () => {
  process.exitCode = 0;
  await reportCommand.run(['--check']);
  expect(process.exitCode).toBe(0);
});

test('peers: every server against the baseline, frameworks against minimal stacks', () => {
  const document = madeUpDocument({ kind: 'search', subjects: 14 });
  const text = writeTables(marked('peers'), [document]);
  const rows = text.split('\n').filter((line) => line.startsWith('| '));
  for (const { name } of document.subjects) {
    expect(rows.some((row) => row.startsWith(`| ${name} |`))).toBe(true);
  }
  expect(rows.findIndex((row) => row.includes('| B |'))).toBeLessThan(
    rows.findIndex((row) => row.includes('| A |')),
  );
  expect(text).toContain('**Frameworks (A) against minimal stacks (B)**');
  expect(text).toMatch(/\| Go \| go-fiber \| go-gorilla \| 0\.\d\d × /);
  expect(text).toContain('| against | hubbub-native | hubbub-native joined 5 ms |');
  expect(text).toMatch(/\| go-gorilla joined 5 ms \| 0\.\d\d × .* \| 4\.\d\d × /);
  expect(text).toContain('Measured on 2026-11-20 with `bun run bench fanout --runs 5`');
  expect(text).toStartWith('before\n<!-- bench:peers -->\n');
  expect(text).toEndWith('<!-- /bench:peers -->\nafter\n');
});

test('ladder: a row for each size and server; other names are scenarios', () => {
  const ladder = madeUpDocument({ clients: [100, 10_000], subjects: 2 });
  const echo = madeUpDocument({ kind: 'echo', subjects: 2 });
  const text = writeTables(`${marked('ladder')}${marked('echo')}`, [ladder, echo]);
  expect(text).toContain('| 10,000 | rust-tungstenite |');
  expect(text).toContain('with `bun run bench echo');
});

test('what is written once stays as it is, and the youngest result is the one that counts', () => {
  const old = madeUpDocument({ kind: 'echo', started_at: '2026-01-01T00:00:00.000Z' });
  const young = madeUpDocument({ kind: 'echo', started_at: '2026-02-02T00:00:00.000Z' });
  const text = writeTables(marked('echo', 'stale'), [young, old]);
  expect(text).toContain('Measured on 2026-02-02');
  expect(text).not.toContain('stale');
  expect(writeTables(text, [young, old])).toBe(text);
});

test('a marker without an end or without a result is an error', () => {
  expect(() => writeTables(marked('echo'), [])).toThrow('No result of the scenario "echo"');
  expect(() => writeTables('<!-- bench:echo -->', [])).toThrow('is not closed');
  expect(writeTables('no marker', [])).toBe('no marker');
});

test('check writes nothing and names the page that differs', async () => {
  const page = join(folder, 'page.md');
  await Bun.write(page, marked('echo'));
  await Bun.write(join(folder, 'echo.json'), JSON.stringify(madeUpDocument({ kind: 'echo' })));
  expect(await writePages(folder, [page], true)).toEqual([page]);
  expect(await Bun.file(page).text()).toBe(marked('echo'));
  expect(await writePages(folder, [page], false)).toEqual([page]);
  expect(await writePages(folder, [page], true)).toEqual([]);
});
