/** WebSocket frames as RFC 6455 writes them, and as it forbids: every bit is the caller's. */

export const OPCODE = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;

export interface FrameParts {
  readonly opcode: number;
  readonly payload?: string | Uint8Array;
  /** The last frame of its message; true when absent. */
  readonly fin?: boolean;
  /** The three reserved bits, RSV1 the highest: 0 to 7. */
  readonly rsv?: number;
  /** True when absent, as a client must. */
  readonly masked?: boolean;
  /** The length the header tells, when it is to be another than the payload's. */
  readonly claimed_bytes?: bigint;
}

const MASK = Uint8Array.of(0x1b, 0xad, 0xca, 0xfe);

/** One frame, as bytes. The length takes as few bytes as it can. */
export function frame(parts: FrameParts): Buffer {
  const { opcode, fin = true, rsv = 0, masked = true } = parts;
  const payload = Buffer.from(parts.payload ?? '');
  const first = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  const header = lengthHeader(first, masked, parts.claimed_bytes ?? BigInt(payload.length));
  if (!masked) return Buffer.concat([header, payload]);
  for (const [index, byte] of payload.entries()) payload[index] = byte ^ (MASK[index & 3] ?? 0);
  return Buffer.concat([header, MASK, payload]);
}

function lengthHeader(first: number, masked: boolean, length: bigint): Buffer {
  const mask = masked ? 0x80 : 0;
  if (length < 126n) return Buffer.of(first, mask | Number(length));
  if (length < 0x1_0000n) {
    const header = Buffer.of(first, mask | 126, 0, 0);
    header.writeUInt16BE(Number(length), 2);
    return header;
  }
  const header = Buffer.alloc(10);
  header.set([first, mask | 127]);
  header.writeBigUInt64BE(length, 2);
  return header;
}

export const textFrame = (payload: string): Buffer => frame({ opcode: OPCODE.text, payload });

/** A Close frame. @param code any 16-bit number, allowed or not */
export const closeFrame = (code: number, reason: string | Uint8Array = ''): Buffer =>
  frame({
    opcode: OPCODE.close,
    payload: Buffer.concat([Buffer.of(code >> 8, code & 0xff), Buffer.from(reason)]),
  });

export interface Frame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/**
 * Takes the first frame off what a server has sent.
 * @returns undefined while it is not complete
 * @throws when a server must not send such a frame
 */
export function takeFrame(
  bytes: Buffer,
): { readonly frame: Frame; readonly rest: Buffer } | undefined {
  const [first, second] = bytes;
  if (first === undefined || second === undefined) return undefined;
  if ((first & 0xf0) !== 0x80 || second > 127) {
    throw new Error(`a frame of the server begins with ${first.toString(16)} ${second}`);
  }
  const extra = second === 127 ? 8 : second === 126 ? 2 : 0;
  const start = 2 + extra;
  if (bytes.length < start) return undefined;
  const length =
    extra === 8 ? Number(bytes.readBigUInt64BE(2)) : extra === 2 ? bytes.readUInt16BE(2) : second;
  if (bytes.length < start + length) return undefined;
  const payload = bytes.subarray(start, start + length);
  return { frame: { opcode: first & 0x0f, payload }, rest: bytes.subarray(start + length) };
}
