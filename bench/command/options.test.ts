import { expect, test } from 'bun:test';
import {
  choice,
  integer,
  integers,
  list,
  optionsHelp,
  parseOptions,
  requireSenders,
  text,
  UsageError,
  wordsAs,
} from './options.ts';

const OPTIONS = {
  duration_ms: integer(2_500, 500, 60_000, 'the window'),
  encodings: list(['ndjson'], ['ndjson', 'json'], 'encodings'),
  hub: choice('script', ['script', 'native'], 'the hub'),
  workers: integers([1], 1, 256, 'workers'),
  out: text('', 'folder'),
};

test('what is not given has its default', () => {
  expect(parseOptions(OPTIONS, [])).toEqual({
    duration_ms: 2_500,
    encodings: ['ndjson'],
    hub: 'script',
    workers: [1],
    out: '',
  });
});

test('flags are written with dashes, their value behind a blank or an equals sign', () => {
  const numbers = ['--duration-ms', '500', '--workers', '1,2,2'];
  const words = ['--encodings=json,ndjson,json', '--hub', 'native', '--out', 'a folder'];
  expect(parseOptions(OPTIONS, [...numbers, ...words])).toEqual({
    duration_ms: 500,
    encodings: ['json', 'ndjson'],
    hub: 'native',
    workers: [1, 2],
    out: 'a folder',
  });
});

test.each([
  [['--duration-ms', '499'], '--duration-ms takes a whole number from 500 to 60000.'],
  [['--duration-ms', '60001'], '--duration-ms takes a whole number from 500 to 60000.'],
  [['--duration-ms', '1e3'], '--duration-ms takes a whole number from 500 to 60000.'],
  [['--duration-ms', ''], '--duration-ms takes a whole number from 500 to 60000.'],
  [['--encodings', 'xml'], '--encodings takes ndjson, json, separated by commas.'],
  [['--encodings', ''], '--encodings takes ndjson, json, separated by commas.'],
  [['--hub', 'script,native'], '--hub takes one of script, native.'],
  [['--workers', '1,0'], '--workers takes whole numbers from 1 to 256, separated by commas.'],
  [['--workers', ''], '--workers takes whole numbers from 1 to 256, separated by commas.'],
  [['--duration', '500'], "Unknown option '--duration'"],
  [['--out'], "Option '--out <value>' argument missing"],
  [['extra'], "Unexpected argument 'extra'"],
])('%p is refused in one sentence', (given, sentence) => {
  expect(() => parseOptions(OPTIONS, given)).toThrow(UsageError);
  expect(() => parseOptions(OPTIONS, given)).toThrow(sentence);
});

test('every option stands in the help with its default', () => {
  expect(optionsHelp(OPTIONS)).toBe(
    [
      '    --duration-ms          the window (2500)\n',
      '    --encodings            encodings (ndjson)\n',
      '    --hub                  the hub (script)\n',
      '    --workers              workers (1)\n',
      '    --out                  folder\n',
    ].join(''),
  );
});

test('only members send', () => {
  expect(() => requireSenders({ senders: 3, members: 2 })).toThrow(UsageError);
  expect(() => requireSenders({ senders: 2, members: 2 })).not.toThrow();
});

test('words before the first flag are values of one option', () => {
  expect(wordsAs('encodings', ['json', 'ndjson', '--out', 'x'])).toEqual([
    '--encodings=json,ndjson',
    '--out',
    'x',
  ]);
  expect(wordsAs('encodings', ['--out', 'x'])).toEqual(['--out', 'x']);
  expect(wordsAs(undefined, ['json'])).toEqual(['json']);
});
