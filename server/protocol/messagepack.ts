import { Packr, Unpackr } from 'msgpackr';
import { countValues } from './messagepack_scan.ts';
import type { MessageRecord, PageHead, Reply, VolatileEvent } from './messages.ts';

// Plain MessagePack only: no record extension, no shared structures, maps become plain objects.
const packr = new Packr({ useRecords: false, variableMapSize: true });
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' });

export const encode = (message: Reply | VolatileEvent | PageHead): Uint8Array =>
  packr.pack(message);

/** One record as the room's members read it: the fields of the JSON twin, in the same order. */
export function encodeRecord(room: string, record: MessageRecord): Uint8Array {
  const { offset, prev, id } = record;
  return packr.pack({
    type: 'message',
    room,
    from: record.from,
    from_id: record.from_id,
    text: record.text,
    timestamp: record.timestamp,
    offset,
    ...(prev === offset - 1 ? undefined : { prev }),
    ...(id === undefined ? undefined : { id }),
  });
}

export const concat = (parts: readonly Uint8Array[]): Uint8Array => Buffer.concat(parts);

const FIXMAP = 0x80;
const FIXMAP_ENTRIES_MAX = 15;
const KEY_MESSAGES = packr.pack('messages');

export function encodeWithPage(head: PageHead, count: number, values: Uint8Array): Uint8Array {
  const map = packr.pack(head);
  const entries = (map[0] ?? 0) - FIXMAP + 1;
  if (entries < 1 || entries > FIXMAP_ENTRIES_MAX) {
    throw new RangeError(`a page head of ${entries} entries does not fit a fixmap`);
  }
  const spliced = Buffer.concat([map, KEY_MESSAGES, arrayHeader(count), values]);
  spliced[0] = FIXMAP + entries;
  return spliced;
}

function arrayHeader(count: number): Uint8Array {
  if (count < 16) return Uint8Array.of(0x90 | count);
  if (count < 0x1_0000) return Uint8Array.of(0xdc, count >> 8, count & 0xff);
  return Uint8Array.of(0xdd, count >>> 24, (count >> 16) & 0xff, (count >> 8) & 0xff, count & 0xff);
}

/**
 * Reads MessagePack values that stand back to back.
 * @returns undefined when the frame is empty, cut short, too deep, or uses what JSON has no like of:
 *          extension types, keys that are no strings, strings that are not UTF-8
 */
export function decode(frame: Uint8Array): readonly unknown[] | undefined {
  if (countValues(frame) < 1) return undefined;
  return unpackr.unpackMultiple(frame);
}

/** The same values in the same order as their JSON. */
export const transcode = (line: string): Uint8Array => packr.pack(JSON.parse(line));
