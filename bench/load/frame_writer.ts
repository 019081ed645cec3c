/** RFC 6455, section 5.2. */
export const OPCODE_TEXT = 0x1;
export const OPCODE_BINARY = 0x2;
export const OPCODE_CLOSE = 0x8;
export const OPCODE_PING = 0x9;
export const OPCODE_PONG = 0xa;

const FINAL = 0x80;
const MASKED = 0x80;
const MASK_BYTES = 4;
const SHORT_MAX = 125;
const PAYLOAD_BYTES_MAX = 0xffff;

/**
 * One frame as a client sends it. The mask is zero: as legal as any other, as much work for the
 * server, and none for the client.
 * @throws RangeError past 65,535 bytes
 */
export function clientFrame(opcode: number, payload: string | Uint8Array): Buffer {
  const length = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length;
  if (length > PAYLOAD_BYTES_MAX) throw new RangeError(`a frame of ${length} bytes is too long`);
  const isShort = length <= SHORT_MAX;
  const header = (isShort ? 2 : 4) + MASK_BYTES;
  const frame = Buffer.alloc(header + length);
  frame[0] = FINAL | opcode;
  frame[1] = MASKED | (isShort ? length : 126);
  if (!isShort) frame.writeUInt16BE(length, 2);
  if (typeof payload === 'string') frame.write(payload, header);
  else frame.set(payload, header);
  return frame;
}
