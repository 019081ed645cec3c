import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { ConfigError } from '../errors.ts';
import { checkRoomNames, isUsername, refuseRoomName, splitNames } from './names.ts';

const BYTES_MAX = 128;
const flawOf = (name: string): string | undefined => refuseRoomName(name, BYTES_MAX)?.message;

/** Each refused name with what the refusal must say. */
const REFUSED: readonly (readonly [name: string, why: string])[] = [
  ['', 'empty'],
  ['x'.repeat(BYTES_MAX + 1), 'longer'],
  ['é'.repeat(65), 'longer'],
  ['a\ud800', 'well-formed'],
  ['\udc00a', 'well-formed'],
  ['cafe\u0301', 'normalization'],
  ['ｌｏｂｂｙ', 'normalization'],
  ['ﬁsh', 'normalization'],
  ['a\u00a0b', 'normalization'],
  [' lobby', 'space'],
  ['lobby ', 'space'],
  ['lob\u0000by', 'invisible'],
  ['lob\nby', 'invisible'],
  ['lob\u200bby', 'invisible'],
  ['lob\u202eby', 'invisible'],
  ['lob\u2028by', 'invisible'],
  ['lob\u00adby', 'invisible'],
  ['lobby\ufe0f', 'invisible'],
  ['lob\u034fby', 'invisible'],
  ['lob\u115fby', 'invisible'],
  ['lob\u2800by', 'invisible'],
  ['lob\u{e0041}by', 'invisible'],
  ['\ue000', 'invisible'],
  ['lоbby', 'scripts'],
  ['lοbby', 'scripts'],
  ['Москвaβ', 'scripts'],
];

describe('a room name', () => {
  test.each(REFUSED)('%j is refused: %s', (name, why) => {
    const refusal = refuseRoomName(name, BYTES_MAX);
    expect(refusal?.code).toBe('room_name_invalid');
    expect(refusal?.message).toStartWith('The room name ');
    expect(refusal?.message).toContain(why);
    expect(isUsername(name, BYTES_MAX)).toBe(false);
  });

  test.each([
    'x',
    'x'.repeat(BYTES_MAX),
    'é'.repeat(64),
    'a b',
    'лобби',
    'λόμπι',
    '会議室 2',
    'लॉबी',
    'ロビー',
    '👋',
    '__proto__',
    'constructor',
    '"\\/',
    '日本 lobby',
  ])('%j names a room', (name) => {
    expect(flawOf(name)).toBeUndefined();
    expect(isUsername(name, BYTES_MAX)).toBe(true);
  });

  test('what is let through has one spelling, nothing hidden, and fits', () => {
    const names = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 6 }),
      fc.string({ unit: 'grapheme', maxLength: 60 }),
      fc
        .array(fc.constantFrom('a', 'о', ' ', '\u200d', '\ufe0f', 'é', '\t'), { maxLength: 5 })
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(names, (name) => {
        if (flawOf(name) !== undefined) return;
        expect(Buffer.byteLength(name)).toBeWithin(1, BYTES_MAX + 1);
        expect(name.normalize('NFKC')).toBe(name);
        expect(name).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{DI}]|^\s|\s$/u);
        expect(/\p{Script=Latin}/u.test(name) && /\p{Script=Cyrillic}/u.test(name)).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });

  test('may be as long as configured, in bytes', () => {
    for (const bytes_max of [1, 3, 1_024]) {
      expect(refuseRoomName('x'.repeat(bytes_max), bytes_max)).toBeUndefined();
      expect(refuseRoomName('x'.repeat(bytes_max + 1), bytes_max)).toBeDefined();
    }
    expect(refuseRoomName('会', 2)).toBeDefined();
    expect(refuseRoomName('会', 3)).toBeUndefined();
  });
});

describe('names in the configuration', () => {
  const config = { default_room: 'lobby', rooms: '', room_name_bytes_max: BYTES_MAX };

  test('stand between commas', () => {
    expect(splitNames(' red, ,blue green,')).toEqual(['red', 'blue green']);
    expect(splitNames('')).toEqual([]);
  });

  test('are held to what a client’s are', () => {
    checkRoomNames({ ...config, rooms: 'red, blue green' });
    const bad = [
      [{ default_room: '' }, '--default-room "" cannot be used: the name is empty.'],
      [{ rooms: 'red,a\tb' }, '--rooms "a\\tb" cannot be used: the name has invisible characters.'],
      [
        { room_name_bytes_max: 4 },
        '--default-room "lobby" cannot be used: the name is longer than 4 bytes.',
      ],
    ] as const;
    for (const [changes, sentence] of bad) {
      expect(() => checkRoomNames({ ...config, ...changes })).toThrow(new ConfigError(sentence));
    }
  });
});
