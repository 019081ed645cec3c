/** Told of each frame: its payload is `bytes` from `start` to before `end`. */
export type OnFrame = (opcode: number, bytes: Buffer, start: number, end: number) => void;

const FINAL = 0x80;
const MASKED = 0x80;
const HEADER_BYTES_MIN = 2;

/**
 * Cuts what a server sends into WebSocket frames, without copying those that arrive whole. What
 * arrives in parts is put together once all of it is there.
 */
export class FrameReader {
  readonly #onFrame: OnFrame;
  #parts: Buffer[] = [];
  #waiting_bytes = 0;
  #needed_bytes = 0;

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }

  /**
   * @param chunk is kept as long as a frame in it is incomplete
   * @throws Error for what no server in this benchmark sends: masked and fragmented frames
   */
  push(chunk: Buffer): void {
    let bytes = chunk;
    if (this.#waiting_bytes > 0) {
      this.#parts.push(chunk);
      this.#waiting_bytes += chunk.length;
      if (this.#waiting_bytes < this.#needed_bytes) return;
      bytes = Buffer.concat(this.#parts, this.#waiting_bytes);
    }
    const end = this.#readFrames(bytes);
    this.#waiting_bytes = bytes.length - end;
    this.#parts = this.#waiting_bytes > 0 ? [bytes.subarray(end)] : [];
  }

  /** @returns where the first incomplete frame begins */
  #readFrames(bytes: Buffer): number {
    let at = 0;
    for (;;) {
      const left = bytes.length - at;
      this.#needed_bytes = HEADER_BYTES_MIN;
      if (left < HEADER_BYTES_MIN) return at;
      const first = bytes[at] ?? 0;
      const short = bytes[at + 1] ?? 0;
      if ((short & MASKED) !== 0) throw new Error('the server sent a masked frame');
      const header = short < 126 ? 2 : short === 126 ? 4 : 10;
      this.#needed_bytes = header;
      if (left < header) return at;
      const total = header + payloadLength(bytes, at, short);
      this.#needed_bytes = total;
      if (left < total) return at;
      if ((first & FINAL) === 0 || (first & 0xf) === 0) {
        throw new Error('the server sent a fragmented frame');
      }
      this.#onFrame(first & 0xf, bytes, at + header, at + total);
      at += total;
    }
  }
}

function payloadLength(bytes: Buffer, at: number, short: number): number {
  if (short < 126) return short;
  // 48 bits are 256 TiB: the two bytes before them are zero in any frame that can arrive.
  return short === 126 ? bytes.readUInt16BE(at + 2) : bytes.readUIntBE(at + 4, 6);
}
