import { expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../server/config/load.ts';
import { flagOf, OPTION_NAMES, OPTIONS, type Option } from '../server/config/options.ts';
import { eventually } from './support/eventually.ts';
import {
  codeOf,
  danglingAnchors,
  parseMarkdown,
  type Section,
  sectionNamed,
  tableOf,
} from './support/markdown.ts';
import { Actor } from './support/protocol_doc_actor.ts';
import { serve, statsOf } from './support/serve.ts';

/** What `docs/operations.md` says is held against the server. */

const TEXT = readFileSync(new URL('../docs/operations.md', import.meta.url), 'utf8');
const DOCUMENT = parseMarkdown(TEXT);

const fencesOf = (language: string): readonly string[] =>
  DOCUMENT.flatMap(({ fences }) => fences)
    .filter(({ info }) => info === language)
    .map(({ content }) => content.join('\n'));

function rangeOf(option: Option): string {
  if (option.kind === 'text') return 'text';
  if (option.kind === 'choice') return option.choices.join(', ');
  const { min, max } = option;
  return max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `${min} to ${max}`;
}

test('every option is documented once, with its default and its range', () => {
  const isOptions = ({ tables }: Section): boolean => tables[0]?.columns[0] === 'Option';
  const rows = DOCUMENT.filter(isOptions).flatMap((section) => tableOf(section).rows);
  const documented = rows.map(([flag, standard, range]) => [codeOf(flag), standard, range]);
  const known = OPTION_NAMES.map((name) => {
    const option: Option = OPTIONS[name];
    const standard = option.default === '' ? 'empty' : String(option.default);
    return [flagOf(name), standard, rangeOf(option)];
  });
  expect(documented.sort()).toEqual(known.sort());
  expect(rows.filter(([, , , meaning]) => !meaning?.endsWith('.'))).toEqual([]);
});

test('the configuration file it shows is one', () => {
  const [toml = ''] = fencesOf('toml');
  const folder = mkdtempSync(join(tmpdir(), 'hubbub-config-'));
  try {
    const path = join(folder, 'hubbub.toml');
    writeFileSync(path, toml);
    const config = loadConfig(['--config', path], {});
    expect(config).toMatchObject(Bun.TOML.parse(toml));
    expect(config?.rate_limit).toBe(5);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('every metric is documented, with its type', async () => {
  await using server = serve();
  const metrics = await (await fetch(`${server.http}/metrics`)).text();
  const served = [...metrics.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [
    name,
    type,
  ]);
  const { rows } = tableOf(sectionNamed(DOCUMENT, 'Metrics'));
  const documented = rows.map(([name, type]) => [codeOf(name), type]);
  expect(documented.sort()).toEqual(served.sort());
});

test('/stats has the shape of the example', async () => {
  await using server = serve();
  const client = await Actor.open(server.url, 'hubbub.v1.json');
  await client.close();
  await eventually('the connection is gone', () => server.stats().workers[0]?.connections === 0);
  const [example = ''] = fencesOf('json');
  const documented: unknown = JSON.parse(example);
  expect(typesOf(await statsOf(server))).toEqual(typesOf(documented));
});

test('its links lead somewhere', () => {
  expect(danglingAnchors(TEXT)).toEqual([]);
});

/** The same structure with the names of types in the place of values. */
function typesOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(typesOf);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, typesOf(one)]));
}
