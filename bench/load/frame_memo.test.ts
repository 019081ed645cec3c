import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { FrameMemo, type Passage } from './frame_memo.ts';
import { FrameReader } from './frame_reader.ts';

const ROOM = 'bench-0';
const MESSAGES = 60;

const line = (index: number): string =>
  JSON.stringify({ type: 'message', room: ROOM, text: `${index % 3}:${index}:0:`, offset: index });

function serverFrame(payload: string): Buffer {
  const { length } = payload;
  const head = length < 126 ? [0x81, length] : [0x81, 126, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), Buffer.from(payload)]);
}

/** Frames as a worker cuts them: `sizes` messages in each, over and over. */
function streamOf(sizes: readonly number[]): Buffer {
  const frames: Buffer[] = [];
  for (let next = 0; next < MESSAGES; ) {
    const size = sizes[frames.length % sizes.length] ?? 1;
    const lines = Array.from({ length: Math.min(size, MESSAGES - next) }, (_, n) => line(next + n));
    frames.push(serverFrame(lines.join('\n')));
    next += size;
  }
  return Buffer.concat(frames);
}

class Reader {
  readonly sequences: number[] = [];
  readonly offsets: number[] = [];
  readonly errors: string[] = [];
  learned = 0;
  frames = 0;
  bytes = 0;
  readonly #frames: FrameReader;
  readonly #stream: Buffer;
  #at = 0;

  constructor(memo: FrameMemo, stream: Buffer) {
    this.#stream = stream;
    const place = memo.latest();
    this.#frames = new FrameReader(
      (_, bytes, start, end, at) => {
        this.learned += 1;
        this.#note(memo.learn(bytes, at, start, end, place));
      },
      (bytes, at) => {
        const passage = memo.recognise(bytes, at, place);
        if (passage !== undefined) this.#note(passage);
        return passage?.length ?? 0;
      },
    );
  }

  get isDone(): boolean {
    return this.#at >= this.#stream.length;
  }

  read(length: number): void {
    // Each socket has buffers of its own, even for equal bytes.
    this.#frames.push(Buffer.from(this.#stream.subarray(this.#at, this.#at + length)));
    this.#at += length;
  }

  #note({ batch, first, end, frames, bytes, news }: Passage): void {
    this.sequences.push(...batch.sequences.slice(first, end));
    this.offsets.push(...batch.offsets.slice(first, end));
    this.errors.push(...news.flatMap(({ errors }) => errors));
    this.frames += frames;
    this.bytes += bytes;
  }
}

const turns = fc.array(
  fc.record({ reader: fc.nat(9), length: fc.integer({ min: 1, max: 3_000 }) }),
  {
    minLength: 1,
    maxLength: 60,
  },
);

/** Lets the readers read in the given turns, again and again, until all have read everything. */
function readAll(
  readers: readonly Reader[],
  plan: readonly { readonly reader: number; readonly length: number }[],
): void {
  for (let turn = 0; readers.some(({ isDone }) => !isDone); turn += 1) {
    const { reader, length } = plan[turn % plan.length] ?? { reader: 0, length: 1 };
    readers[reader % readers.length]?.read(length);
    // A plan may leave somebody out.
    readers[turn % readers.length]?.read(1);
  }
}

const EVERYTHING = Array.from({ length: MESSAGES }, (_, index) => index);
const BYTES = EVERYTHING.reduce((sum, index) => sum + line(index).length, 0);
const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 });

test('everybody receives everything, and of each worker’s frames each is parsed once', () => {
  fc.assert(
    fc.property(fc.array(sizes, { minLength: 1, maxLength: 3 }), turns, (workers, plan) => {
      const memo = new FrameMemo(ROOM);
      const streams = workers.map(streamOf);
      const readers = Array.from({ length: 6 }, (_, index) => {
        return new Reader(memo, streams[index % streams.length] ?? Buffer.alloc(0));
      });
      readAll(readers, plan);
      for (const { sequences, offsets, bytes } of readers) {
        expect(sequences).toEqual(EVERYTHING);
        expect(offsets).toEqual(EVERYTHING);
        expect(bytes).toBe(BYTES);
      }
      const learned = readers.reduce((sum, reader) => sum + reader.learned, 0);
      const cut = readers.slice(0, streams.length).reduce((sum, reader) => sum + reader.frames, 0);
      if (streams.length === 1) expect(learned).toBe(cut);
      else expect(learned).toBeLessThanOrEqual(cut);
    }),
  );
});

test('what one member alone is told does not reach the others, nor keep it from them', () => {
  fc.assert(
    fc.property(turns, fc.nat(MESSAGES - 1), (plan, place) => {
      const memo = new FrameMemo(ROOM);
      const shared = EVERYTHING.map((index) => serverFrame(line(index)));
      const error = serverFrame('{"type":"error","code":"rate_limited"}');
      const told = Buffer.concat(shared.toSpliced(place, 0, error));
      const readers = [told, Buffer.concat(shared), Buffer.concat(shared)].map(
        (stream) => new Reader(memo, stream),
      );
      readAll(readers, plan);
      expect(readers.map(({ errors }) => errors)).toEqual([['rate_limited'], [], []]);
      for (const { sequences } of readers) expect(sequences).toEqual(EVERYTHING);
    }),
  );
});

test('what is forgotten is read again', () => {
  const memo = new FrameMemo(ROOM);
  const filler = ' '.repeat(1024 * 1024);
  const frames = Array.from({ length: 40 }, (_, index) => {
    const payload = Buffer.from(line(index) + filler);
    const head = Buffer.alloc(10);
    head[0] = 0x81;
    head[1] = 127;
    head.writeUIntBE(payload.length, 4, 6);
    return Buffer.concat([head, payload]);
  });
  const stream = Buffer.concat(frames);
  const [first, last] = [new Reader(memo, stream), new Reader(memo, stream)];
  for (const reader of [first, last]) while (!reader.isDone) reader.read(3 * 1024 * 1024);
  expect(last.sequences).toEqual(first.sequences);
  expect([first.learned, last.learned]).toEqual([40, 40]);
});
