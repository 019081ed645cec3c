import * as json from './json.ts';
import * as messagepack from './messagepack.ts';
import type { PageHead, Reply, VolatileEvent } from './messages.ts';

/**
 * The three ways the protocol is written. `json` carries one object per text frame, `ndjson` one or
 * more objects per text frame with `\n` between, `msgpack` one or more values per binary frame.
 */
export const ENCODINGS = ['json', 'ndjson', 'msgpack'] as const;
export type Encoding = (typeof ENCODINGS)[number];

const SUBPROTOCOL_PREFIX = 'hubbub.v1.';

export const subprotocolOf = (encoding: Encoding): string => SUBPROTOCOL_PREFIX + encoding;

/**
 * Chooses among the subprotocols a client offers, in the client's order of preference.
 * @returns the encoding, `json` when nothing was offered, undefined when nothing offered is known
 */
export function negotiate(header: string | null): Encoding | undefined {
  if (header === null) return 'json';
  for (const offered of header.split(',')) {
    const encoding = ENCODINGS.find((known) => subprotocolOf(known) === offered.trim());
    if (encoding !== undefined) return encoding;
  }
  return undefined;
}

/** Whether frames of this encoding are binary. */
export const isBinary = (encoding: Encoding): encoding is 'msgpack' => encoding === 'msgpack';

/** A run of encoded records: JSON objects with `\n` between, or MessagePack values back to back. */
export interface EncodedPage {
  readonly count: number;
  readonly data: string | Uint8Array;
}

/** Writes a message without a page of records in it. */
export function encode(
  encoding: Encoding,
  message: Reply | VolatileEvent | PageHead,
): string | Uint8Array {
  return isBinary(encoding) ? messagepack.encode(message) : json.encode(message);
}

/** Writes `head` with `page` as its last field, `messages`, without decoding the page. */
export function encodeWithPage(head: PageHead, page: EncodedPage): string | Uint8Array {
  return typeof page.data === 'string'
    ? json.encodeWithPage(head, page.data)
    : messagepack.encodeWithPage(head, page.count, page.data);
}

/** A message as it came off the wire: an object whose fields are not checked yet. */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads the messages of one frame, in order. A frame is taken whole or not at all.
 * @returns undefined when the frame is not one or more objects of this encoding
 */
export function decodeFrame(
  encoding: Encoding,
  frame: string | Uint8Array,
): readonly Fields[] | undefined {
  const values =
    typeof frame === 'string'
      ? json.decode(frame, encoding === 'ndjson')
      : messagepack.decode(frame);
  return values?.every(isFields) ? values : undefined;
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Pages of one run of records, oldest first, as one page. */
export function joinPages(encoding: Encoding, pages: readonly EncodedPage[]): EncodedPage {
  const filled = pages.filter((page) => page.count > 0);
  const count = filled.reduce((sum, page) => sum + page.count, 0);
  const data = isBinary(encoding)
    ? messagepack.concat(filled.map((page) => page.data).filter((part) => typeof part !== 'string'))
    : filled.map((page) => page.data).join('\n');
  return { count, data };
}
