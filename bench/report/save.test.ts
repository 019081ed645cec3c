import { afterAll, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { KINDS } from '../contest/plan.ts';
import { madeUpDocument } from './made_up_document.ts';
import { readDocument, requireDocument } from './read.ts';
import { fileNameOf, saveDocument } from './save.ts';
import { publishedSchema } from './schema_command.ts';

const folder = await mkdtemp(join(tmpdir(), 'hubbub-results-'));
afterAll(() => rm(folder, { recursive: true }));

test('the published schema is the one that results are read with', async () => {
  const published = await Bun.file(join(import.meta.dir, 'result.schema.json')).json();
  expect(published).toEqual(JSON.parse(publishedSchema()));
});

test('a result of every kind is read as it was written, in all its forms', async () => {
  for (const kind of KINDS) {
    const document = madeUpDocument({ kind });
    const saved = await saveDocument(join(folder, 'deep'), document);
    expect(await readDocument(saved.json)).toEqual(document);
    expect(await Bun.file(saved.markdown).text()).toContain(`# ${document.plan.name}: `);
    expect(await Bun.file(saved.html).text()).toStartWith('<!doctype html>');
  }
});

test('files are named by scenario, time, and server and language when there is one', () => {
  const started_at = '2026-11-20T10:00:00.000Z';
  const several = madeUpDocument({ started_at });
  expect(fileNameOf(several)).toBe('traffic-2026-11-20T10-00-00.000Z');
  const one = madeUpDocument({ started_at, subjects: 1 });
  expect(fileNameOf(one)).toBe('traffic-go-gorilla-Go-2026-11-20T10-00-00.000Z');
  const [subject] = one.subjects;
  if (subject === undefined) throw new Error('no subject was made up');
  const named = { ...one, subjects: [{ ...subject, name: '../x y', language: 'TypeScript, C++' }] };
  expect(fileNameOf(named)).toBe('traffic-x-y-TypeScript-Cpp-2026-11-20T10-00-00.000Z');
  expect(basename(fileNameOf(named))).toBe(fileNameOf(named));
});

test('what is no result is refused with the first reason', async () => {
  const document = madeUpDocument();
  const broken: readonly [unknown, string][] = [
    [{ ...document, format: 'other' }, '/format'],
    [{ ...document, more: 1 }, '/more is not known'],
    [{ ...document, plan: { ...document.plan, kind: 'guess' } }, '/plan/kind'],
    [{ ...document, subjects: [{ ...document.subjects[0], cases: [{}] }] }, '/subjects/0/cases/0'],
    [[], 'must be object'],
  ];
  for (const [value, reason] of broken) {
    expect(() => requireDocument(value, 'x.json')).toThrow(reason);
  }
  const path = join(folder, 'broken.json');
  await Bun.write(path, '{');
  expect(readDocument(path)).rejects.toThrow('is not JSON');
  expect(readDocument(join(folder, 'none.json'))).rejects.toThrow('There is no file');
});
