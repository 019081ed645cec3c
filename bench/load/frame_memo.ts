import { type ChatBatch, type OtherNews, readFrame } from './chat.ts';

/** Frames that stood one behind the other in what a member received, and what they say. */
interface Run extends ChatBatch {
  readonly senders: number[];
  readonly sequences: number[];
  readonly intended_us: number[];
  readonly offsets: number[];
  bytes: number;
  /** Holds the frames; other runs share it. */
  readonly page: Buffer;
  /** The edges of its frames: one more than there are frames. */
  readonly edges: Edge[];
  readonly news: (OtherNews & { readonly frame: number })[];
}

/** Where a frame begins in the page, header included, and what stands before it in the run. */
interface Edge {
  readonly at: number;
  /** Frames with a message in them. */
  readonly frames: number;
  readonly messages: number;
  readonly bytes: number;
}

/** Where a member stands among the frames of its room: behind the last one it has received. */
export interface Place {
  run: number;
  frame: number;
}

/** What a member has received at once: one frame or more, all of one run. */
export interface Passage {
  readonly batch: ChatBatch;
  /** Its messages in the arrays of the batch: from `first` to before `end`. */
  readonly first: number;
  readonly end: number;
  /** Those with a message in them. */
  readonly frames: number;
  /** Of the messages alone. */
  readonly bytes: number;
  readonly news: readonly OtherNews[];
  /** Of the passage as it was received, headers included. */
  readonly length: number;
}

/** What is remembered: members of a room are never further apart than this, or it is read again. */
const RUNS_MAX = 16_384;
const BYTES_MAX = 32 * 1024 * 1024;
const PAGE_BYTES = 1024 * 1024;

/**
 * Reads the frames of one room. Its members receive the same frames in the same order (those of one
 * worker do: each worker cuts batches of its own), so each frame is parsed once and recognised
 * afterwards by comparing bytes, as many frames at a time as have arrived: every delivery is still
 * checked, at the price of a memory comparison.
 */
export class FrameMemo {
  readonly #room: string;
  readonly #runs: Run[] = [];
  /** Runs that have been forgotten: the number of the first one still known. */
  #forgotten = 0;
  #known_bytes = 0;
  #page = Buffer.alloc(0);
  #page_end = 0;
  /** What the last run was copied from, and how far: a frame that begins there continues the run. */
  #source: Buffer | undefined;
  #source_end = 0;

  constructor(room: string) {
    this.#room = room;
  }

  /** Behind everything known so far. */
  latest(): Place {
    return { run: this.#forgotten + this.#runs.length, frame: 0 };
  }

  /**
   * The known frames that `bytes` holds whole from `at` on, as far as they stand together. Looks at
   * the member's own place first, then at what others have received since.
   * @param place is moved behind them
   */
  recognise(bytes: Buffer, at: number, place: Place): Passage | undefined {
    const known = this.#forgotten + this.#runs.length;
    for (let number = Math.max(place.run, this.#forgotten); number < known; number += 1) {
      const run = this.#runs[number - this.#forgotten];
      const from = number === place.run ? place.frame : 0;
      const to = run === undefined ? from : lastEqual(run, from, bytes, at);
      if (run === undefined || to === from) continue;
      place.run = number;
      place.frame = to;
      return passageOf(run, from, to);
    }
    return undefined;
  }

  /**
   * Reads a text frame that nobody has received so far.
   * @param at where its header begins; its payload is `bytes` from `start` to before `end`
   * @param place is moved behind it
   */
  learn(bytes: Buffer, at: number, start: number, end: number, place: Place): Passage {
    const run = this.#runFor(bytes, at, end);
    this.#page_end += bytes.copy(this.#page, this.#page_end, at, end);
    this.#known_bytes += end - at;
    append(run, readFrame(this.#room, bytes.toString('utf8', start, end)), this.#page_end);
    this.#forget();
    place.run = this.#forgotten + this.#runs.length - 1;
    place.frame = run.edges.length - 1;
    return passageOf(run, place.frame - 1, place.frame);
  }

  /** The last run when the frame continues it, else a new one; its page has room for the frame. */
  #runFor(bytes: Buffer, at: number, end: number): Run {
    const last = this.#runs.at(-1);
    const continues = this.#source === bytes && this.#source_end === at;
    this.#source = bytes;
    this.#source_end = end;
    const fits = this.#page.length - this.#page_end >= end - at;
    if (last !== undefined && continues && fits) return last;
    if (!fits) {
      this.#page = Buffer.allocUnsafe(Math.max(PAGE_BYTES, end - at));
      this.#page_end = 0;
    }
    const run = newRun(this.#page, this.#page_end);
    this.#runs.push(run);
    return run;
  }

  #forget(): void {
    while (this.#runs.length > RUNS_MAX || this.#known_bytes > BYTES_MAX) {
      const oldest = this.#runs.length > 1 ? this.#runs.shift() : undefined;
      if (oldest === undefined) return;
      this.#known_bytes -= edgeOf(oldest, -1).at - edgeOf(oldest, 0).at;
      this.#forgotten += 1;
    }
  }
}

const newRun = (page: Buffer, at: number): Run => ({
  senders: [],
  sequences: [],
  intended_us: [],
  offsets: [],
  bytes: 0,
  page,
  edges: [{ at, frames: 0, messages: 0, bytes: 0 }],
  news: [],
});

const edgeOf = (run: Run, index: number): Edge => {
  const edge = run.edges.at(index);
  if (edge === undefined) throw new RangeError('a run has no such edge');
  return edge;
};

/** @returns the edge up to which `bytes` is equal to the run, in whole frames; `from` when not at all */
function lastEqual(run: Run, from: number, bytes: Buffer, at: number): number {
  const start = edgeOf(run, from).at;
  const available = bytes.length - at;
  let to = run.edges.length - 1;
  while (to > from && edgeOf(run, to).at - start > available) to -= 1;
  const isEqualTo = (edge: number): boolean => {
    const end = edgeOf(run, edge).at;
    return run.page.compare(bytes, at, at + end - start, start, end) === 0;
  };
  if (to === from || isEqualTo(to)) return to;
  return isEqualTo(from + 1) ? from + 1 : from;
}

function append(run: Run, frame: ChatBatch & OtherNews, end: number): void {
  run.senders.push(...frame.senders);
  run.sequences.push(...frame.sequences);
  run.intended_us.push(...frame.intended_us);
  run.offsets.push(...frame.offsets);
  run.bytes += frame.bytes;
  const { joined, errors } = frame;
  if (joined || errors.length > 0) {
    run.news.push({ joined, errors, frame: run.edges.length - 1 });
  }
  const frames = edgeOf(run, -1).frames + (frame.senders.length > 0 ? 1 : 0);
  run.edges.push({ at: end, frames, messages: run.senders.length, bytes: run.bytes });
}

function passageOf(run: Run, from: number, to: number): Passage {
  const start = edgeOf(run, from);
  const end = edgeOf(run, to);
  return {
    batch: run,
    first: start.messages,
    end: end.messages,
    frames: end.frames - start.frames,
    bytes: end.bytes - start.bytes,
    news: run.news.filter(({ frame }) => frame >= from && frame < to),
    length: end.at - start.at,
  };
}
