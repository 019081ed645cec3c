import fc from 'fast-check';

/** Frames made to hurt: near enough to real messages to get past the first check, and then not. */

const TYPES = [
  'auth',
  'chat',
  'history',
  'join',
  'leave',
  'list_users',
  'message',
  'ping',
  'typing',
];
const FIELDS = ['room', 'text', 'id', 'token', 'since', 'limit', 'before', 'after', 'status'];
const INHERITED = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
];

const name = fc.constantFrom('type', ...FIELDS, ...INHERITED, '', '\u0000', '\ud800', 'ключ');

const repeated = (opening: string, middle: string, closing: string): fc.Arbitrary<string> =>
  fc
    .constantFrom(1, 33, 1_000, 20_000)
    .map((depth) => opening.repeat(depth) + middle + closing.repeat(depth));

/** JSON texts of single values, most of them valid. */
const jsonValue: fc.Arbitrary<string> = fc.oneof(
  fc.jsonValue().map((value) => JSON.stringify(value)),
  fc.constantFrom(...TYPES, ...INHERITED, 'lobby', 'started').map((text) => JSON.stringify(text)),
  fc.constantFrom('1e999', '-1e999', '-0', '9007199254740993', '1e308', '0.1', '-1', '5e-324'),
  fc.constantFrom('"\\ud800"', '"\\udc00\\ud800"', '"\\u0000"', '"\\u202e"', '"\\ufeff"', '"\\x"'),
  fc.constantFrom(
    'NaN',
    'undefined',
    "'x'",
    '01',
    '+1',
    '.5',
    '"',
    '\u0000',
    '/**/1',
    '{,}',
    '[1,]',
  ),
  repeated('[', '1', ']'),
  repeated('{"__proto__":', '1', '}'),
  fc.nat(40_000).map((length) => JSON.stringify('x'.repeat(length))),
  fc.constant('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'),
);

const jsonObject: fc.Arbitrary<string> = fc
  .tuple(
    fc.option(fc.constantFrom(...TYPES), { nil: undefined }),
    fc.array(fc.tuple(name, jsonValue), { maxLength: 6 }),
  )
  .map(([type, entries]) => {
    const pairs = entries.map(([key, value]) => `${JSON.stringify(key)}:${value}`);
    if (type !== undefined) pairs.push(`"type":${JSON.stringify(type)}`);
    return `{${pairs.join(',')}}`;
  });

/** At most this long, so that the size of a frame is not what it is refused for. */
const FRAME_CHARACTERS_MAX = 60_000;

/** What a client may put in a text frame where one JSON object is expected. */
export const hostileJson: fc.Arbitrary<string> = fc
  .oneof(
    { weight: 6, arbitrary: jsonObject },
    { weight: 2, arbitrary: jsonValue },
    { weight: 1, arbitrary: fc.string({ unit: 'grapheme' }) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(jsonObject, fc.nat())
        .map(([text, cut]) => text.slice(0, cut % (text.length + 1))),
    },
  )
  .map((text) => text.slice(0, FRAME_CHARACTERS_MAX).toWellFormed());

/** The same where one object a line is expected. */
export const hostileNdjson: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(fc.oneof({ weight: 4, arbitrary: jsonObject }, hostileJson), { maxLength: 8 }),
    fc.constantFrom('\n', '\n', '\n', '\r\n', '\n\n', '\u2028'),
    fc.constantFrom('', '', '\n', '\r', '\u0000'),
  )
  .map(([lines, between, end]) =>
    (lines.join(between) + end).slice(0, FRAME_CHARACTERS_MAX).toWellFormed(),
  );

const bytes = (...parts: readonly (number | readonly number[] | Uint8Array)[]): Buffer =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part))),
  );

const packedText = (text: string): Buffer => {
  const utf8 = Buffer.from(text);
  return bytes([0xda, utf8.length >> 8, utf8.length & 0xff], utf8);
};

const sized = (head: number, length: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((body) => bytes(head, body));

/** Heads that claim more than ever follows. */
const claims = fc
  .constantFrom(0xc6, 0xdb, 0xdd, 0xdf, 0xc9)
  .map((head) => bytes(head, [0xff, 0xff, 0xff, 0xff]));

/** What a decoder should be able to read. */
const soundLeaf: fc.Arbitrary<Buffer> = fc.oneof(
  fc.constantFrom(0xc0, 0xc2, 0xc3, 0x00, 0x7f, 0xe0, 0xff).map((head) => bytes(head)),
  sized(0xca, 4),
  sized(0xcb, 8),
  sized(0xcf, 8),
  sized(0xd3, 8),
  fc.constant(bytes(0xcb, [0x7f, 0xf8, 0, 0, 0, 0, 0, 0])),
  fc.constantFrom(...TYPES, ...INHERITED, 'lobby', 'started', '\u0000').map(packedText),
  fc.string({ unit: 'grapheme', maxLength: 30 }).map(packedText),
  fc.uint8Array({ maxLength: 20 }).map((body) => bytes(0xc4, body.length, body)),
);

/** Bytes that are not UTF-8, what the standard leaves free, and every extension a decoder may know. */
const unsoundLeaf: fc.Arbitrary<Buffer> = fc.oneof(
  fc.uint8Array({ maxLength: 20 }).map((body) => bytes(0xd9, body.length, body)),
  fc.tuple(fc.nat(255), sized(0xd6, 4)).map(([type, [, ...rest]]) => bytes(0xd6, type, rest)),
  fc.constantFrom(bytes(0xc1), bytes(0xd4, 0x72, 0x40), bytes(0xd4, 0x00, 0x00)),
  claims,
);

const packedLeaf = fc.oneof(
  { weight: 40, arbitrary: soundLeaf },
  { weight: 1, arbitrary: unsoundLeaf },
);

const packedKey = (other: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> =>
  fc.oneof({ weight: 40, arbitrary: name.map(packedText) }, { weight: 1, arbitrary: other });

const { value: packedValue } = fc.letrec<{ value: Buffer }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    packedLeaf,
    fc.array(tie('value'), { maxLength: 4 }).map((items) => bytes(0x90 | items.length, ...items)),
    fc
      .array(fc.tuple(packedKey(tie('value')), tie('value')), { maxLength: 4 })
      .map((entries) => bytes(0x80 | entries.length, ...entries.flat())),
  ),
}));

const packedObject: fc.Arbitrary<Buffer> = fc
  .tuple(
    fc.constantFrom(...TYPES),
    fc.array(fc.tuple(name.map(packedText), packedValue), { maxLength: 6 }),
  )
  .map(([type, entries]) =>
    bytes(0x80 | (entries.length + 1), ...entries.flat(), packedText('type'), packedText(type)),
  );

const packedDepth = fc
  .tuple(fc.constantFrom(0x91, 0x81), fc.constantFrom(31, 33, 1_000, 30_000))
  .map(([head, depth]) => Buffer.alloc(depth, head));

/** What a client may put in a binary frame where MessagePack maps are expected. */
export const hostileMessagePack: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 6, arbitrary: fc.array(packedObject, { maxLength: 4 }).map((all) => bytes(...all)) },
  { weight: 3, arbitrary: packedValue },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 64 }) },
  { weight: 1, arbitrary: packedDepth },
  {
    weight: 2,
    arbitrary: fc
      .tuple(packedObject, fc.nat())
      .map(([whole, cut]) => whole.subarray(0, cut % (whole.length + 1))),
  },
);
