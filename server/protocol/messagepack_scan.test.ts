import { describe, expect, test } from 'bun:test';
import * as buffer from 'node:buffer';
import fc from 'fast-check';
import { anyMap, anyValue, type Written } from '../../tests/support/messagepack_forms.ts';
import { decode } from './messagepack.ts';
import { countValues } from './messagepack_scan.ts';
import { isUtf8 } from './utf8.ts';

const bytesOf = (...values: readonly Written[]): Uint8Array =>
  Uint8Array.from(values.flatMap(({ bytes }) => bytes));
const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('what is whole', () => {
  test('is counted, and read by msgpackr as it was meant', () => {
    fc.assert(
      fc.property(fc.array(anyValue, { minLength: 1, maxLength: 5 }), (values) => {
        const frame = bytesOf(...values);
        expect(countValues(frame)).toBe(values.length);
        expect(decode(frame)).toEqual(values.map(({ value }) => value));
      }),
      { numRuns: 300 },
    );
  });

  test('may stand anywhere in a larger buffer', () => {
    fc.assert(
      fc.property(anyValue, fc.uint8Array(), fc.uint8Array(), (value, before, behind) => {
        const whole = Buffer.concat([before, bytesOf(value), behind]);
        const frame = whole.subarray(before.length, before.length + value.bytes.length);
        expect(decode(frame)).toEqual([value.value]);
      }),
    );
  });

  test('nothing is no value', () => {
    expect(countValues(new Uint8Array())).toBe(0);
    expect(decode(new Uint8Array())).toBeUndefined();
  });
});

describe('what is not whole is refused', () => {
  test('wherever it is cut', () => {
    fc.assert(
      fc.property(anyMap, (value) => {
        const frame = bytesOf(value);
        for (let end = 1; end < frame.length; end += 1) {
          expect(countValues(frame.subarray(0, end))).toBe(-1);
        }
      }),
    );
  });

  test('whatever has been changed in it, nothing throws, and what is read was counted', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(anyMap, { minLength: 1, maxLength: 3 }), changes, (values, flips) => {
        const frame = bytesOf(...values);
        for (const [place, byte] of flips) frame[place % frame.length] = byte;
        const count = countValues(frame);
        const read = decode(frame);
        expect(read?.length ?? -1).toBe(count);
      }),
      { numRuns: 2_000 },
    );
  });

  test('bytes of any kind', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (frame) => {
        expect(decode(frame)?.length ?? -1).toBe(countValues(frame));
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('what a decoder must never meet is refused', () => {
  const inside = (frame: string): string[] => [frame, `91${frame}`, `81a161${frame}`, `c0${frame}`];

  test('claims of more than there is', () => {
    const claims = ['d9ff', 'daffff', 'dbffffffff', 'c4ff', 'c5ffff', 'c6ffffffff', 'dcffff'];
    const larger = ['ddffffffff', 'deffff', 'dfffffffff', 'df80000000', 'bf', '9f', '8f', 'cf00'];
    for (const claim of [...claims, ...larger].flatMap(inside)) {
      expect([claim, countValues(hex(claim))]).toEqual([claim, -1]);
    }
  });

  test('extension types, and the byte that means nothing', () => {
    const fixed = ['d400 00', 'd500 0000', 'd600 00000000', `d700${'00'.repeat(8)}`];
    const others = [`d800${'00'.repeat(16)}`, 'c7 01 00 00', 'c8 0001 00 00', 'c9 00000001 00 00'];
    for (const frame of [...fixed, ...others, 'c1'].flatMap(inside)) {
      expect([frame, countValues(hex(frame))]).toEqual([frame, -1]);
    }
  });

  test('keys that are no strings', () => {
    for (const key of ['01', 'c0', 'c3', '90', '80', 'c40161', 'ca00000000', 'e0']) {
      for (const frame of inside(`81${key}01`)) {
        expect([frame, countValues(hex(frame))]).toEqual([frame, -1]);
      }
    }
    for (const key of ['a161', 'd90161', 'da000161', 'db0000000161', 'a0']) {
      expect([key, countValues(hex(`81${key}01`))]).toEqual([key, 1]);
    }
  });

  test('strings that are not UTF-8', () => {
    for (const text of ['a1ff', 'a2c0af', 'a3eda080', 'd901c3', 'a4f4908080']) {
      for (const frame of inside(text)) {
        expect([frame, countValues(hex(frame))]).toEqual([frame, -1]);
      }
    }
  });

  test('more than 32 levels', () => {
    for (const level of ['91', '81a161', 'dc0001', 'dd00000001']) {
      expect(countValues(hex(`${level.repeat(32)}c0`))).toBe(1);
      expect(countValues(hex(`${level.repeat(33)}c0`))).toBe(-1);
    }
  });
});

describe('cost', () => {
  /** @returns how often the scan looked at a byte */
  function looks(frame: Uint8Array): number {
    let count = 0;
    const counting = new Proxy(frame, {
      get(target, key) {
        if (typeof key === 'string' && /^\d+$/.test(key)) count += 1;
        return Reflect.get(target, key, target);
      },
    });
    countValues(counting);
    return count;
  }

  test('each byte is looked at a few times, whatever the frame claims', () => {
    const heads = fc.constantFrom(
      0x90,
      0x91,
      0x9f,
      0x81,
      0x8f,
      0xa1,
      0xbf,
      0xdc,
      0xdd,
      0xdf,
      0xdb,
      0,
    );
    const hostile = fc.array(fc.oneof(heads, fc.nat(255)), { maxLength: 300, size: 'max' });
    fc.assert(
      fc.property(hostile, (bytes) => {
        expect(looks(Uint8Array.from(bytes))).toBeLessThanOrEqual(bytes.length * 3 + 1);
      }),
      { numRuns: 300 },
    );
    for (const level of ['dcffff', 'ddffffffff', 'deffff', '9f', '8fa0']) {
      const frame = hex(level.repeat(500));
      expect(looks(frame)).toBeLessThanOrEqual(frame.length * 3 + 1);
    }
  });
});

test('isUtf8 agrees with Node’s', () => {
  const leads = fc.constantFrom(
    0x41,
    0x80,
    0xbf,
    0xc0,
    0xc2,
    0xe0,
    0xa0,
    0x9f,
    0xed,
    0xf0,
    0x90,
    0x8f,
    0xf4,
    0xf5,
  );
  const pieces = fc.oneof(
    fc.array(leads, { maxLength: 5 }),
    fc.string({ unit: 'binary', maxLength: 3 }).map((text) => [...Buffer.from(text)]),
    fc.array(fc.nat(255), { maxLength: 2 }),
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 6 }), fc.nat(3), (parts, start) => {
      const bytes = Uint8Array.from([...new Uint8Array(start), ...parts.flat(), 0x80]);
      const end = bytes.length - 1;
      expect(isUtf8(bytes, start, end)).toBe(buffer.isUtf8(bytes.subarray(start, end)));
    }),
    { numRuns: 3_000 },
  );
});
