import { isUtf8 } from './utf8.ts';

/**
 * Walks MessagePack without building anything, so that a decoder only ever meets frames that are
 * whole, shallow, and as long as they claim. A five-byte header can otherwise claim four billion
 * elements, and extension types can ask a decoder for regular expressions, dates or back references.
 * As in JSON, keys are strings and strings are UTF-8: a decoder would throw, or change the text.
 */

const DEPTH_MAX = 32;

/** @returns how many values stand back to back in `bytes`, or -1 when it is not exactly whole values. */
export function countValues(bytes: Uint8Array): number {
  let at = 0;
  let count = 0;
  while (at < bytes.length) {
    at = skipValue(bytes, at, 0);
    if (at < 0) return -1;
    count += 1;
  }
  return count;
}

/** @returns where the value at `at` ends, or -1. */
function skipValue(bytes: Uint8Array, at: number, depth: number): number {
  const head = bytes[at];
  if (head === undefined || depth > DEPTH_MAX) return -1;
  const next = at + 1;
  if (head <= 0x7f || head >= 0xe0) return next; // small integers
  if (head <= 0x8f) return skipEntries(bytes, next, head & 0x0f, depth);
  if (head <= 0x9f) return skipItems(bytes, next, head & 0x0f, depth);
  if (head <= 0xbf) return skipText(bytes, next, head & 0x1f);
  const fixed = FIXED_BYTES[head];
  if (fixed !== undefined) return within(bytes, next + fixed);
  const lengthBytes = LENGTH_BYTES[head];
  if (lengthBytes === undefined) return -1; // 0xc1 and every extension type
  const length = readLength(bytes, next, lengthBytes);
  if (length < 0) return -1;
  const body = next + lengthBytes;
  if (head <= 0xc6) return within(bytes, body + length);
  if (head <= 0xdb) return skipText(bytes, body, length);
  if (head <= 0xdd) return skipItems(bytes, body, length, depth);
  return skipEntries(bytes, body, length, depth);
}

/** nil, false, true; float 32 and 64; unsigned and signed integers. */
const FIXED_BYTES: Readonly<Record<number, number>> = {
  192: 0,
  194: 0,
  195: 0,
  202: 4,
  203: 8,
  204: 1,
  205: 2,
  206: 4,
  207: 8,
  208: 1,
  209: 2,
  210: 4,
  211: 8,
};

/** bin 8–32, str 8–32, array 16–32, map 16–32: how many bytes tell the length. */
const LENGTH_BYTES: Readonly<Record<number, number>> = {
  196: 1,
  197: 2,
  198: 4,
  217: 1,
  218: 2,
  219: 4,
  220: 2,
  221: 4,
  222: 2,
  223: 4,
};

function skipItems(bytes: Uint8Array, at: number, items: number, depth: number): number {
  // Each item takes a byte at least: a claim past the end of the frame is refused before any loop.
  if (items > bytes.length - at) return -1;
  let end = at;
  for (let item = 0; item < items && end >= 0; item += 1) end = skipValue(bytes, end, depth + 1);
  return end;
}

function skipEntries(bytes: Uint8Array, at: number, entries: number, depth: number): number {
  if (entries * 2 > bytes.length - at) return -1;
  let end = at;
  for (let entry = 0; entry < entries && end >= 0; entry += 1) {
    if (!isTextHead(bytes[end])) return -1;
    end = skipValue(bytes, end, depth + 1);
    if (end >= 0) end = skipValue(bytes, end, depth + 1);
  }
  return end;
}

const isTextHead = (head = 0): boolean =>
  (head >= 0xa0 && head <= 0xbf) || (head >= 0xd9 && head <= 0xdb);

function skipText(bytes: Uint8Array, at: number, length: number): number {
  const end = within(bytes, at + length);
  return end >= 0 && isUtf8(bytes, at, end) ? end : -1;
}

function readLength(bytes: Uint8Array, at: number, width: number): number {
  if (at + width > bytes.length) return -1;
  let length = 0;
  for (let index = 0; index < width; index += 1) length = length * 256 + (bytes[at + index] ?? 0);
  return length;
}

const within = (bytes: Uint8Array, end: number): number => (end <= bytes.length ? end : -1);
