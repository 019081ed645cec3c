import { type ChatBatch, type OtherNews, readFrame } from './chat.ts';

/** A frame that has been read, with its place in the order of reading. */
export interface KnownFrame extends ChatBatch, OtherNews {
  readonly place: number;
  readonly source: Buffer;
  readonly start: number;
  readonly end: number;
}

/** Frames to remember: members of a room are rarely further apart than this. */
const KNOWN_MAX = 512;

/**
 * Reads the frames of one room. All its members receive the same frames in the same order, so each
 * is parsed once and recognised afterwards by comparing its bytes: every delivery is still checked,
 * at the price of a memory comparison.
 */
export class FrameMemo {
  readonly #room: string;
  readonly #known: (KnownFrame | undefined)[] = new Array(KNOWN_MAX);
  #count = 0;

  constructor(room: string) {
    this.#room = room;
  }

  /** @param hint the place after this member's last frame: where its next one most likely is */
  read(bytes: Buffer, start: number, end: number, hint: number): KnownFrame {
    for (let place = Math.max(hint, this.#count - KNOWN_MAX); place < this.#count; place += 1) {
      const known = this.#known[place % KNOWN_MAX];
      if (known !== undefined && isEqual(known, bytes, start, end)) return known;
    }
    const frame: KnownFrame = {
      ...readFrame(this.#room, bytes.toString('utf8', start, end)),
      place: this.#count,
      source: bytes,
      start,
      end,
    };
    this.#known[frame.place % KNOWN_MAX] = frame;
    this.#count += 1;
    return frame;
  }
}

const isEqual = (known: KnownFrame, bytes: Buffer, start: number, end: number): boolean =>
  end - start === known.end - known.start &&
  bytes.compare(known.source, known.start, known.end, start, end) === 0;
