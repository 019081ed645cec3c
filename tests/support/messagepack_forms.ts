/** MessagePack as any client may write it: each value in a form drawn from all that the format has. */
import fc from 'fast-check';

export interface Written {
  readonly bytes: readonly number[];
  readonly value: unknown;
}

const bigEndian = (value: number | bigint, width: number): number[] => {
  const bytes: number[] = [];
  for (let rest = BigInt(value), left = width; left > 0; left -= 1) {
    bytes.unshift(Number(rest & 0xffn));
    rest >>= 8n;
  }
  return bytes;
};

const float = (value: number, width: 4 | 8): number[] => {
  const view = new DataView(new ArrayBuffer(width));
  if (width === 4) view.setFloat32(0, value);
  else view.setFloat64(0, value);
  return [...new Uint8Array(view.buffer)];
};

/** Heads for a length, shortest first: a writer may take a longer one than it needs. */
const heads = (
  length: number,
  fixed: { readonly base: number; readonly max: number } | undefined,
  wide: readonly (readonly [head: number, width: number])[],
): number[][] => [
  ...(fixed !== undefined && length <= fixed.max ? [[fixed.base + length]] : []),
  ...wide
    .filter(([, width]) => length < 256 ** width)
    .map(([head, width]) => [head, ...bigEndian(length, width)]),
];

const simple: fc.Arbitrary<Written> = fc.constantFrom<Written>(
  { bytes: [0xc0], value: null },
  { bytes: [0xc2], value: false },
  { bytes: [0xc3], value: true },
);

const integers: fc.Arbitrary<Written> = fc.oneof(
  fc.nat(0x7f).map((value) => ({ bytes: [value], value })),
  fc.integer({ min: -32, max: -1 }).map((value) => ({ bytes: [value & 0xff], value })),
  ...[1, 2, 4, 8].flatMap((width, index) => [
    fc.bigInt({ min: 0n, max: 2n ** BigInt(Math.min(width * 8, 53)) - 1n }).map((value) => ({
      bytes: [0xcc + index, ...bigEndian(value, width)],
      value: Number(value),
    })),
    fc
      .bigInt({
        min: -(2n ** BigInt(Math.min(width * 8, 54) - 1)) + 1n,
        max: 2n ** BigInt(Math.min(width * 8, 54) - 1) - 1n,
      })
      .map((value) => ({
        bytes: [0xd0 + index, ...bigEndian(value, width)],
        value: Number(value),
      })),
  ]),
);

const floats: fc.Arbitrary<Written> = fc.oneof(
  fc.double().map((value) => ({ bytes: [0xcb, ...float(value, 8)], value })),
);

const strings: fc.Arbitrary<Written> = fc
  .tuple(fc.string({ unit: 'binary', maxLength: 40 }), fc.nat(3))
  .map(([value, choice]) => {
    const utf8 = [...Buffer.from(value)];
    const forms = heads(utf8.length, { base: 0xa0, max: 31 }, [
      [0xd9, 1],
      [0xda, 2],
      [0xdb, 4],
    ]);
    return { bytes: [...(forms[choice % forms.length] ?? []), ...utf8], value };
  });

const binaries: fc.Arbitrary<Written> = fc
  .tuple(fc.uint8Array({ maxLength: 40 }), fc.nat(2))
  .map(([data, choice]) => {
    const forms = heads(data.length, undefined, [
      [0xc4, 1],
      [0xc5, 2],
      [0xc6, 4],
    ]);
    return { bytes: [...(forms[choice % forms.length] ?? []), ...data], value: Buffer.from(data) };
  });

const arrayOf = (items: readonly Written[], choice: number): Written => {
  const forms = heads(items.length, { base: 0x90, max: 15 }, [
    [0xdc, 2],
    [0xdd, 4],
  ]);
  return {
    bytes: [...(forms[choice % forms.length] ?? []), ...items.flatMap(({ bytes }) => bytes)],
    value: items.map(({ value }) => value),
  };
};

/** msgpackr never makes a property of this name, so that nothing can be polluted. */
const keyAs = (key: unknown): string => (key === '__proto__' ? '__proto_' : String(key));

const mapOf = (entries: readonly (readonly [Written, Written])[], choice: number): Written => {
  const forms = heads(entries.length, { base: 0x80, max: 15 }, [
    [0xde, 2],
    [0xdf, 4],
  ]);
  return {
    bytes: [
      ...(forms[choice % forms.length] ?? []),
      ...entries.flatMap(([key, { bytes }]) => [...key.bytes, ...bytes]),
    ],
    value: Object.fromEntries(entries.map(([key, { value }]) => [keyAs(key.value), value])),
  };
};

const { any, map } = fc.letrec<{ any: Written; array: Written; map: Written }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    simple,
    integers,
    floats,
    strings,
    binaries,
    tie('array'),
    tie('map'),
  ),
  array: fc.tuple(fc.array(tie('any'), { maxLength: 20 }), fc.nat(2)).map((of) => arrayOf(...of)),
  map: fc
    .tuple(fc.array(fc.tuple(strings, tie('any')), { maxLength: 20 }), fc.nat(2))
    .map((of) => mapOf(...of)),
}));

/** Any value this protocol takes: keys are strings, strings are UTF-8, no extension types. */
export const anyValue: fc.Arbitrary<Written> = any;
export const anyMap: fc.Arbitrary<Written> = map;
