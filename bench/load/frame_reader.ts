/** Told of each frame: its header begins at `at`, its payload is `bytes` from `start` to before `end`. */
export type OnFrame = (
  opcode: number,
  bytes: Buffer,
  start: number,
  end: number,
  at: number,
) => void;

/**
 * Asked before a frame is looked at: how many bytes from `at` on are whole frames that the receiver
 * recognises as they are, header and all, and has dealt with. 0 when there are none.
 */
export type Recognise = (bytes: Buffer, at: number) => number;

const FINAL = 0x80;
const MASKED = 0x80;
const HEADER_BYTES_MIN = 2;

/**
 * Cuts what a server sends into WebSocket frames, without copying those that arrive whole. What
 * arrives in parts is put together once all of it is there.
 */
export class FrameReader {
  readonly #onFrame: OnFrame;
  readonly #recognise: Recognise;
  #parts: Buffer[] = [];
  #waiting_bytes = 0;
  #needed_bytes = 0;

  constructor(onFrame: OnFrame, recognise: Recognise = () => 0) {
    this.#onFrame = onFrame;
    this.#recognise = recognise;
  }

  /**
   * @param chunk is kept as long as a frame in it is incomplete
   * @throws Error for what no server in this benchmark sends: masked and fragmented frames
   */
  push(chunk: Buffer): void {
    let at = 0;
    while (this.#waiting_bytes > 0) {
      const part = chunk.subarray(at, at + this.#needed_bytes - this.#waiting_bytes);
      this.#parts.push(part);
      this.#waiting_bytes += part.length;
      at += part.length;
      if (this.#waiting_bytes < this.#needed_bytes) return;
      const whole = Buffer.concat(this.#parts, this.#waiting_bytes);
      this.#keep(whole.subarray(this.#readFrames(whole, 0)));
    }
    this.#keep(chunk.subarray(this.#readFrames(chunk, at)));
  }

  /** What begins a frame whose end has yet to come. */
  #keep(rest: Buffer): void {
    this.#waiting_bytes = rest.length;
    this.#parts = rest.length > 0 ? [rest] : [];
  }

  /** @returns where the first incomplete frame begins; `#needed_bytes` are what it needs, or its header */
  #readFrames(bytes: Buffer, from: number): number {
    let at = from;
    for (;;) {
      const known_bytes = this.#recognise(bytes, at);
      at += known_bytes;
      if (known_bytes > 0) continue;
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
      this.#onFrame(first & 0xf, bytes, at + header, at + total, at);
      at += total;
    }
  }
}

function payloadLength(bytes: Buffer, at: number, short: number): number {
  if (short < 126) return short;
  // 48 bits are 256 TiB: the two bytes before them are zero in any frame that can arrive.
  return short === 126 ? bytes.readUInt16BE(at + 2) : bytes.readUIntBE(at + 4, 6);
}
