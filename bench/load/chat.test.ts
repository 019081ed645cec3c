import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { ChatWriter, NO_OFFSET, payloadBytesMin, readFrame } from './chat.ts';

const HEADER_BYTES = 8;

const payloadOf = (frame: Buffer): string =>
  frame.toString('utf8', (frame[1] ?? 0) === 0xfe ? HEADER_BYTES : HEADER_BYTES - 2);

test('a chat frame has the bytes it is to have, and says who sent what when', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: payloadBytesMin('bench-0'), max: 2_000 }),
      fc.nat(9_999),
      fc.nat(2 ** 31 - 1),
      fc.nat(10 ** 12),
      (payload_bytes, sender, sequence, intended_us) => {
        const frame = new ChatWriter('bench-0', payload_bytes).frame(sender, sequence, intended_us);
        const payload = payloadOf(frame);
        expect(Buffer.byteLength(payload)).toBe(payload_bytes);
        const chat = JSON.parse(payload);
        expect(chat.type).toBe('chat');
        const line = JSON.stringify({ ...chat, type: 'message', offset: 7 });
        expect(readFrame('bench-0', line)).toEqual({
          senders: [sender],
          sequences: [sequence],
          intended_us: [intended_us],
          offsets: [7],
          bytes: line.length,
          joined: false,
          errors: [],
        });
      },
    ),
  );
});

test('a payload too small for what it has to say is refused', () => {
  expect(() => new ChatWriter('bench-0', payloadBytesMin('bench-0') - 1)).toThrow(RangeError);
});

test('a message of another room, or not of this run, is nobody’s', () => {
  const strange = [
    { type: 'message', room: 'bench-1', text: '0:0:0:' },
    { type: 'message', room: 'bench-0', text: 'hello' },
    { type: 'message', room: 'bench-0', text: '0:0:0:é' },
    { type: 'message', room: 'bench-0' },
  ];
  const frame = strange.map((message) => JSON.stringify(message)).join('\n');
  const { senders, offsets } = readFrame('bench-0', frame);
  expect(senders).toEqual([-1, -1, -1, -1]);
  expect(offsets).toEqual([NO_OFFSET, NO_OFFSET, NO_OFFSET, NO_OFFSET]);
});

test('joins and errors are told, anything else is passed over', () => {
  const frame = [
    '{"type":"welcome"}',
    '{"type":"joined","room":"bench-0"}',
    '{"type":"error","code":"rate_limited"}',
  ].join('\n');
  expect(readFrame('bench-0', frame)).toMatchObject({
    senders: [],
    bytes: 0,
    joined: true,
    errors: ['rate_limited'],
  });
});
