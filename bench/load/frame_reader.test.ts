import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { FrameReader } from './frame_reader.ts';
import { clientFrame } from './frame_writer.ts';

/** A frame as a server sends it: like a client's, without the mask. */
function serverFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const head = [0x80 | opcode];
  if (length < 126) head.push(length);
  else if (length < 0x1_0000) head.push(126, length >> 8, length & 0xff);
  else head.push(127, 0, 0, 0, 0, 0, length >> 16, (length >> 8) & 0xff, length & 0xff);
  return Buffer.concat([Buffer.from(head), payload]);
}

const lengths = fc.oneof(
  fc.nat(300),
  fc.constantFrom(0, 125, 126, 127, 65_535, 65_536),
  fc.nat(100_000),
);
const frames = fc.array(fc.record({ opcode: fc.constantFrom(1, 2, 8, 9, 10), length: lengths }), {
  maxLength: 12,
});

const read = (chunks: readonly Buffer[]): { opcode: number; payload: string }[] => {
  const seen: { opcode: number; payload: string }[] = [];
  const reader = new FrameReader((opcode, bytes, start, end) => {
    seen.push({ opcode, payload: bytes.toString('latin1', start, end) });
  });
  for (const chunk of chunks) reader.push(chunk);
  return seen;
};

test('the same frames come out, wherever the stream is cut', () => {
  const cuts = fc.array(fc.nat(5_000), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(frames, cuts, (plan, sizes) => {
      const expected = plan.map(({ opcode, length }, index) => ({
        opcode,
        payload: String.fromCharCode(97 + (index % 26)).repeat(length),
      }));
      const stream = Buffer.concat(
        expected.map(({ opcode, payload }) => serverFrame(opcode, Buffer.from(payload))),
      );
      const chunks: Buffer[] = [];
      for (let at = 0, cut = 0; at < stream.length; cut += 1) {
        const end = at + 1 + (sizes[cut % sizes.length] ?? 0);
        chunks.push(stream.subarray(at, end));
        at = end;
      }
      expect(read(chunks)).toEqual(expected);
    }),
    { numRuns: 50 },
  );
});

test('frames that no server may send, or that none here sends, end the reading', () => {
  const masked = clientFrame(1, 'x');
  const fragment = Buffer.from([0x01, 0x01, 0x78]);
  const continuation = Buffer.from([0x80, 0x01, 0x78]);
  expect(() => read([masked])).toThrow('masked');
  expect(() => read([fragment])).toThrow('fragmented');
  expect(() => read([continuation])).toThrow('fragmented');
});

test('a client frame has a mask of zeros and the length of its bytes', () => {
  expect([...clientFrame(1, 'é')]).toEqual([0x81, 0x82, 0, 0, 0, 0, 0xc3, 0xa9]);
  const long = clientFrame(2, Buffer.alloc(300, 7));
  expect([...long.subarray(0, 9)]).toEqual([0x82, 0xfe, 1, 44, 0, 0, 0, 0, 7]);
  expect(long.length).toBe(308);
  expect(() => clientFrame(2, Buffer.alloc(65_536))).toThrow(RangeError);
});
