import { ENCODINGS, type Encoding } from '../../../server/protocol/encoding.ts';

/** What one turn of an event loop brings: `batch` messages for each of `rooms` rooms. */
export interface Shape {
  readonly encoding: Encoding;
  readonly batch: number;
  readonly rooms: number;
  /** A fifth of the texts are not ASCII, and with them the frames they are joined in. */
  readonly isMixed: boolean;
}

const BATCHES = [1, 16, 256] as const;
const ROOMS = [1, 16] as const;

const variant = (encoding: Encoding, isMixed: boolean): Shape[] =>
  ROOMS.flatMap((rooms) => BATCHES.map((batch) => ({ encoding, batch, rooms, isMixed })));

/** MessagePack frames are bytes whatever is in them: only text has a slow way for what is not ASCII. */
export const SHAPES: readonly Shape[] = [
  ...ENCODINGS.flatMap((encoding) => variant(encoding, false)),
  ...variant('ndjson', true),
];

export const variantOf = ({ encoding, isMixed }: Shape): string =>
  isMixed ? `${encoding}, 1/5 not ASCII` : encoding;

export const nameOf = (shape: Shape): string =>
  `${variantOf(shape)}, ${shape.batch} × ${shape.rooms}`;
