import { describe, expect, test } from 'bun:test';
import { importsOf, listFiles, readSource, startsOf } from './support/sources.ts';

/** The rooms of the server in the order the data goes; each may know itself and those after it. */
const ROOMS = [
  'main',
  'worker',
  'app',
  'keeper',
  'workers',
  'edge',
  'admin',
  'web',
  'telemetry',
  'command',
  'session',
  'identity',
  'room',
  'log',
  'storage',
  'hub',
  'config',
  'database',
  'protocol',
  'deadline',
  'slots',
  'errors',
];

/** Rooms with adapters behind a port: the port is all that others may know, except the composition roots. */
const COMPOSITION_ROOTS = ['server/app.ts', 'server/keeper.ts'];
const PORTED_ROOMS = ['log', 'storage', 'hub'];

/** Started from outside: the client's surface, and the chat page by its HTML. */
const ENTRIES = ['client/index.ts', 'server/web/page/main.ts'];

const LINES_MAX = 400;

const files = listFiles();
const sources = files.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'));
const production = sources.filter((file) => !/\.test\.ts$|\/contract(\.ts$|\/)/.test(file));
const server = production.filter((file) => file.startsWith('server/'));
const roomOf = (file: string): string => file.split('/')[1]?.replace(/\.ts$/, '') ?? '';

describe('the house', () => {
  test('every file of the server stands in a known room', () => {
    expect(server.map(roomOf).filter((room) => !ROOMS.includes(room))).toEqual([]);
  });

  test('imports go the way the data goes', () => {
    const against = server.flatMap((file) =>
      importsOf(file)
        .filter((one) => one.file?.startsWith('server/'))
        .filter((one) => ROOMS.indexOf(roomOf(one.file ?? '')) < ROOMS.indexOf(roomOf(file)))
        .map((one) => `${file} → ${one.file}`),
    );
    expect(against).toEqual([]);
  });

  test('only the composition roots know adapters', () => {
    const knowing = server
      .filter((file) => !COMPOSITION_ROOTS.includes(file))
      .flatMap((file) =>
        importsOf(file)
          .filter((one) => PORTED_ROOMS.includes(roomOf(one.file ?? '')))
          .filter((one) => roomOf(one.file ?? '') !== roomOf(file))
          .filter((one) => !one.file?.endsWith('/port.ts'))
          .map((one) => `${file} → ${one.file}`),
      );
    expect(knowing).toEqual([]);
  });

  test('the protocol does no input or output and knows no clock', () => {
    const impure = server
      .filter((file) => file.startsWith('server/protocol/'))
      .filter((file) => /node:|Bun\.|Date\.now|performance\.|setTimeout/.test(readSource(file)));
    expect(impure).toEqual([]);
  });

  test('the client takes nothing but types from the server', () => {
    const taking = production
      .filter((file) => file.startsWith('client/'))
      .flatMap((file) => importsOf(file).map((one) => ({ ...one, from: file })))
      .filter((one) => one.specifier.includes('server/') && !one.isTypeOnly);
    expect(taking).toEqual([]);
  });

  test('the chat page runs in a browser: it knows itself and the client', () => {
    const knowing = production
      .filter((file) => file.startsWith('server/web/page/'))
      .flatMap((file) => importsOf(file).map((one) => `${one.file ?? one.specifier}`))
      .filter((file) => !file.startsWith('server/web/page/') && file !== 'client/index.ts');
    expect(knowing).toEqual([]);
  });

  test('no import goes in a circle', () => {
    expect(findCycle(sources)).toBeUndefined();
  });

  test('every source file is used', () => {
    const roots = sources.filter((file) => isEntry(file));
    const used = reach(roots);
    expect(production.filter((file) => !used.has(file))).toEqual([]);
  });
});

describe('every file', () => {
  test(`has at most ${LINES_MAX} lines`, () => {
    const code = files.filter((file) => /\.(ts|cc|h|py|sh)$/.test(file));
    const long = code.filter((file) => readSource(file).split('\n').length - 1 > LINES_MAX);
    expect(long).toEqual([]);
  });

  test('leaves nothing for later and switches no check off', () => {
    const words = [
      ['TO', 'DO'],
      ['FIX', 'ME'],
      ['ts-', 'ignore'],
      ['biome-', 'ignore'],
    ];
    const banned = words.map((halves) => halves.join(''));
    const saying = sources.filter((file) =>
      new RegExp(`\\b(${banned.join('|')})\\b`).test(readSource(file)),
    );
    expect(saying).toEqual([]);
  });
});

/** What somebody starts by name: commands, the client's surface, tests and what they spawn. */
function isEntry(file: string): boolean {
  if (file.endsWith('.test.ts')) return true;
  return readSource('package.json').includes(file) || ENTRIES.includes(file) || isNamed(file);
}

/** Started by path from another source file, a script or a document. */
function isNamed(file: string): boolean {
  if (sources.some((one) => startsOf(one).includes(file))) return true;
  const starters = files.filter((one) => /\.(ts|json|toml|md)$|^\.ci\//.test(one) && one !== file);
  const name = file.split('/').slice(-2).join('/');
  return starters.some((one) => readSource(one).includes(name));
}

function reach(roots: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>(roots);
  for (const file of seen) {
    for (const one of importsOf(file)) {
      if (one.file !== undefined && sources.includes(one.file)) seen.add(one.file);
    }
  }
  return seen;
}

function findCycle(all: readonly string[]): string | undefined {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): string | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file].join(' → ');
    if (done.has(file)) return undefined;
    for (const one of importsOf(file)) {
      const cycle =
        one.file !== undefined && all.includes(one.file) && visit(one.file, [...path, file]);
      if (cycle) return cycle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of all) {
    const cycle = visit(file, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
