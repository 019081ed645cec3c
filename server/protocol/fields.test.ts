import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { Refusal } from '../errors.ts';
import type { Fields } from './encoding.ts';
import {
  ID_CHARACTERS_MAX,
  read,
  readId,
  readOneOf,
  readOptionalInteger,
  readOptionalPosition,
  readOptionalString,
  readString,
} from './fields.ts';

/** Whatever JSON or MessagePack can bring, under names that every object inherits too. */
const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', 'id', 'room'];
const values = fc.oneof(
  fc.jsonValue({ stringUnit: 'binary' }),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('\ud800', 'a\udc00b', '', '\u0000'),
  fc.double(),
  fc.maxSafeInteger(),
  fc.constantFrom(2 ** 53, -(2 ** 53), 1e300, -0, 0.1, Number.NaN, Number.POSITIVE_INFINITY),
  fc.uint8Array().map((data) => Buffer.from(data)),
  fc.record({
    epoch: fc.oneof(fc.string(), fc.jsonValue()),
    offset: fc.oneof(fc.nat(), fc.jsonValue()),
  }),
);
const objects: fc.Arbitrary<Fields> = fc
  .array(fc.tuple(fc.constantFrom(...NAMES), values))
  .map((entries): Fields => Object.fromEntries(entries));
const names = fc.constantFrom(...NAMES);

const expectRefused = (answer: unknown, field: string): void => {
  expect(answer).toBeInstanceOf(Refusal);
  expect(answer).toMatchObject({ code: 'invalid_field' });
  expect((answer as Refusal).message).toStartWith(`"${field}" must be `);
};

describe('any reader of any value', () => {
  test('only an object’s own fields are there', () => {
    for (const name of NAMES) {
      expect(read({}, name)).toBeUndefined();
      expect(readOptionalString({}, name)).toBeUndefined();
      expectRefused(readString({}, name), name);
    }
    const own = JSON.parse('{"__proto__":"a","constructor":"b"}') as Fields;
    expect([readString(own, '__proto__'), readString(own, 'constructor')]).toEqual(['a', 'b']);
  });

  test('a string is well-formed, or refused', () => {
    fc.assert(
      fc.property(objects, names, (fields, name) => {
        const value = read(fields, name);
        const isText = typeof value === 'string' && value.isWellFormed();
        const answer = readString(fields, name);
        if (isText) expect(answer).toBe(value);
        else expectRefused(answer, name);
        if (value === undefined) expect(readOptionalString(fields, name)).toBeUndefined();
        else expect(readOptionalString(fields, name)).toEqual(answer);
      }),
      { numRuns: 500 },
    );
    expectRefused(readString({ text: 'a\ud800' }, 'text'), 'text');
    expectRefused(readString({ text: '\udc00\ud800' }, 'text'), 'text');
    expect(readString({ text: '\ud83d\ude00\u0000' }, 'text')).toBe('😀\u0000');
  });

  test('an integer is exact and within its range, or refused', () => {
    const bounds = fc.tuple(fc.maxSafeInteger(), fc.maxSafeInteger());
    fc.assert(
      fc.property(objects, names, bounds, (fields, name, [one, other]) => {
        const [min, max] = [Math.min(one, other), Math.max(one, other)];
        const value = read(fields, name);
        const answer = readOptionalInteger(fields, name, min, max);
        const fits = Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max;
        if (value === undefined) expect(answer).toBeUndefined();
        else if (fits) expect(answer).toBe(value as number);
        else expectRefused(answer, name);
      }),
      { numRuns: 500 },
    );
    for (const value of [0, 101, 1.5, '7', null, Number.NaN, 2 ** 53, true, [5]]) {
      expectRefused(readOptionalInteger({ limit: value }, 'limit', 1, 100), 'limit');
    }
    for (const value of [1, 100]) {
      expect(readOptionalInteger({ limit: value }, 'limit', 1, 100)).toBe(value);
    }
  });

  test('an id has 1 to 64 characters, or is refused', () => {
    for (const id of ['', 'x'.repeat(ID_CHARACTERS_MAX + 1), 5, null, {}, '\ud800']) {
      expectRefused(readId({ id }), 'id');
    }
    for (const id of ['1', 'x'.repeat(ID_CHARACTERS_MAX)]) expect(readId({ id })).toBe(id);
    expect(readId({})).toBeUndefined();
  });

  test('one of some words is one of them, or refused', () => {
    const allowed = ['started', 'stopped'] as const;
    fc.assert(
      fc.property(values, (status) => {
        const answer = readOneOf({ status }, 'status', allowed);
        if (status === 'started' || status === 'stopped') expect(answer).toBe(status);
        else expectRefused(answer, 'status');
      }),
    );
    expect(readOneOf({ status: 'stopped' }, 'status', allowed)).toBe('stopped');
    expectRefused(readOneOf({}, 'status', allowed), 'status');
  });

  test('a position has both parts and nothing else counts, or it is refused', () => {
    fc.assert(
      fc.property(objects, names, (fields, name) => {
        const value = read(fields, name);
        const answer = readOptionalPosition(fields, name);
        if (value === undefined) expect(answer).toBeUndefined();
        else if (answer instanceof Refusal) expectRefused(answer, name);
        else expect(value).toMatchObject({ ...answer });
      }),
      { numRuns: 500 },
    );
    const since = (value: unknown) => readOptionalPosition({ since: value }, 'since');
    expect(since({ epoch: 'e.1', offset: 0, more: 1 })).toEqual({ epoch: 'e.1', offset: 0 });
    const inherited = Object.create({ epoch: 'e.1', offset: 0 });
    for (const value of [null, 5, 'e.1', [], {}, { epoch: 'e.1' }, { offset: 5 }, inherited]) {
      expectRefused(since(value), 'since');
    }
    for (const offset of [-1, 1.5, '1', null, 2 ** 53]) {
      expectRefused(since({ epoch: 'e.1', offset }), 'since');
    }
    for (const epoch of [1, null, '\ud800']) expectRefused(since({ epoch, offset: 1 }), 'since');
  });
});
