import type { Command } from './commands.ts';
import type { Encoding, Frame } from './encoding.ts';
import { HubbubError } from './errors.ts';

/** Until the welcome tells the server's own limit. */
const FRAME_BYTES_MAX_ASSUMED = 16_384;

const utf8 = new TextEncoder();

/**
 * Writes commands to the wire. In a batched encoding, what one turn of the application sends leaves
 * in one frame, or as many as the server's frame limit asks for.
 */
export class FrameWriter {
  frame_bytes_max = FRAME_BYTES_MAX_ASSUMED;
  readonly #encoding: Encoding;
  readonly #write: (frame: Frame) => void;
  #batch: Frame[] = [];
  #batchBytes = 0;

  constructor(encoding: Encoding, write: (frame: Frame) => void) {
    this.#encoding = encoding;
    this.#write = write;
  }

  /** @throws HubbubError `text_too_large` when the command alone is more than a frame may carry */
  push(command: Command): void {
    const frame = this.#encoding.encode(command);
    const bytes = this.#bytesOf(frame);
    if (bytes > this.frame_bytes_max) throw new HubbubError('text_too_large');
    if (!this.#encoding.batched) {
      this.#write(frame);
      return;
    }
    if (this.#batchBytes + bytes > this.frame_bytes_max) this.flush();
    if (this.#batch.length === 0) queueMicrotask(() => this.flush());
    this.#batch.push(frame);
    this.#batchBytes += bytes + 1; // what joins it to the next
  }

  flush(): void {
    const [first] = this.#batch;
    if (first === undefined) return;
    const batch = this.#batch;
    this.#batch = [];
    this.#batchBytes = 0;
    this.#write(batch.length === 1 ? first : this.#encoding.join(batch));
  }

  /** Exact only where it matters: three bytes bound what a UTF-16 unit becomes. */
  #bytesOf(frame: Frame): number {
    if (typeof frame !== 'string') return frame.length;
    const bound = frame.length * 3;
    return bound <= this.frame_bytes_max ? bound : utf8.encode(frame).length;
  }
}
