import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { events, pageHeads, replies } from '../../tests/support/arbitraries.ts';
import { decodeFrame, ENCODINGS, encode, isBinary, negotiate, subprotocolOf } from './encoding.ts';

const said = fc.oneof(replies, events, pageHeads);
const encodings = fc.constantFrom(...ENCODINGS);

describe('encode and decodeFrame', () => {
  test('what is written is what is read, in every encoding, its fields in the same order', () => {
    fc.assert(
      fc.property(encodings, said, (encoding, message) => {
        const frame = encode(encoding, message);
        expect(typeof frame).toBe(isBinary(encoding) ? 'object' : 'string');
        const read = decodeFrame(encoding, frame);
        expect(JSON.stringify(read)).toBe(JSON.stringify([message]));
      }),
    );
  });

  test('ndjson and msgpack take many messages in a frame, json takes one', () => {
    fc.assert(
      fc.property(fc.array(said, { minLength: 2, maxLength: 6 }), fc.boolean(), (all, isEnded) => {
        const lines = all.map((message) => encode('ndjson', message)).join('\n');
        const frame = isEnded ? `${lines}\n` : lines;
        expect(JSON.stringify(decodeFrame('ndjson', frame))).toBe(JSON.stringify(all));
        expect(decodeFrame('json', frame)).toBeUndefined();
        const values = all.map((message) => Buffer.from(encode('msgpack', message)));
        const read = decodeFrame('msgpack', Buffer.concat(values));
        expect(JSON.stringify(read)).toBe(JSON.stringify(all));
      }),
    );
  });

  test('a frame with anything but objects in it is taken not at all', () => {
    for (const text of ['', ' ', '\n', '1', 'null', '"a"', '[]', '{', '{}{}', '{} {}', '\u0000']) {
      expect([text, decodeFrame('json', text)]).toEqual([text, undefined]);
      expect([text, decodeFrame('ndjson', text)]).toEqual([text, undefined]);
    }
    for (const lines of ['{}\n1', '{}\n\n{}', '\n{}', '{}\n\n', '{}\n[]', '{}\n{']) {
      expect([lines, decodeFrame('ndjson', lines)]).toEqual([lines, undefined]);
    }
    for (const hex of ['', '01', 'c0', '90', 'a0', '8080c0', '80c1', '81']) {
      expect([hex, decodeFrame('msgpack', Buffer.from(hex, 'hex'))]).toEqual([hex, undefined]);
    }
    expect(decodeFrame('json', ' {} \r\n')).toEqual([{}]);
    expect(decodeFrame('ndjson', '{}\r\n{}\r\n')).toEqual([{}, {}]);
  });

  test('no text throws, however it is broken', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      ',',
      ':',
      '\\u',
      '\n',
      'e9',
      '-',
      'null',
    );
    const broken = fc.array(fc.oneof(pieces, fc.string({ unit: 'binary' }), fc.json()));
    fc.assert(
      fc.property(fc.constantFrom('json', 'ndjson'), broken, (encoding, parts) => {
        const frame = parts.join('');
        for (const fields of decodeFrame(encoding, frame) ?? []) {
          expect(Object.prototype.toString.call(fields)).toBe('[object Object]');
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('no depth throws', () => {
    const depth = 100_000;
    expect(decodeFrame('json', '['.repeat(depth))).toBeUndefined();
    expect(decodeFrame('json', '{"a":'.repeat(depth))).toBeUndefined();
    expect(decodeFrame('json', '['.repeat(depth) + ']'.repeat(depth))).toBeUndefined();
    expect(decodeFrame('msgpack', Buffer.alloc(depth, 0x91))).toBeUndefined();
    expect(decodeFrame('msgpack', Buffer.alloc(depth, 0x81))).toBeUndefined();
  });

  test('nothing is polluted', () => {
    const json = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
    const [fromJson] = decodeFrame('json', json) ?? [];
    expect(fromJson).toBeDefined();
    const evil = [
      0x81,
      0xa9,
      ...Buffer.from('__proto__'),
      0x81,
      0xa8,
      ...Buffer.from('polluted'),
      1,
    ];
    const [fromBytes] = decodeFrame('msgpack', Uint8Array.from(evil)) ?? [];
    expect(fromBytes).toBeDefined();
    for (const object of [{}, fromJson, fromBytes]) {
      expect((object as { polluted?: number }).polluted).toBeUndefined();
    }
  });
});

describe('negotiate', () => {
  test('nothing offered means json', () => {
    expect(negotiate(null)).toBe('json');
  });

  test('the first that is known is taken, in the client’s order', () => {
    const unknown = fc.constantFrom('', 'chat', 'hubbub.v1', 'HUBBUB.V1.JSON', 'hubbub.v2.json');
    const offers = fc.array(fc.oneof(encodings.map(subprotocolOf), unknown));
    fc.assert(
      fc.property(offers, fc.constantFrom(',', ', ', ' , '), (offered, separator) => {
        const known = ENCODINGS.map(subprotocolOf);
        const first = offered.find((one) => known.includes(one));
        const chosen = negotiate(offered.join(separator));
        expect(chosen === undefined ? undefined : subprotocolOf(chosen)).toBe(first);
      }),
    );
  });

  test('no header throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (header) => {
        const chosen = negotiate(header);
        if (chosen !== undefined) expect(header).toContain(subprotocolOf(chosen));
      }),
    );
  });
});
