import type { MessageRecord, PageHead, Reply, VolatileEvent } from './messages.ts';

export const encode = (message: Reply | VolatileEvent | PageHead): string =>
  JSON.stringify(message);

/** Everything of a room's messages that stands before the sender's name. */
export const messagePrefix = (room: string): string =>
  `{"type":"message","room":${JSON.stringify(room)},"from":`;

/**
 * One record as the room's members read it. The MessagePack twin writes the same fields in the same order.
 * @param prefix what `messagePrefix` made of the room's name
 */
export function encodeRecord(prefix: string, record: MessageRecord): string {
  let line = `${prefix}${JSON.stringify(record.from)},"from_id":${JSON.stringify(record.from_id)},"text":${JSON.stringify(record.text)},"timestamp":${record.timestamp},"offset":${record.offset}`;
  if (record.prev !== record.offset - 1) line += `,"prev":${record.prev}`;
  if (record.id !== undefined) line += `,"id":${JSON.stringify(record.id)}`;
  return `${line}}`;
}

/** A raw newline never stands inside encoded JSON, so between records it can become a comma. */
export const encodeWithPage = (head: PageHead, lines: string): string =>
  `${JSON.stringify(head).slice(0, -1)},"messages":[${lines.replaceAll('\n', ',')}]}`;

/**
 * Reads one JSON value, or one per line when `batched`.
 * @returns undefined when any of it is not JSON
 */
export function decode(frame: string, batched: boolean): readonly unknown[] | undefined {
  // A newline at the end closes the last line; it does not open an empty one.
  const lines = batched ? (frame.endsWith('\n') ? frame.slice(0, -1) : frame).split('\n') : [frame];
  try {
    return lines.map((line) => JSON.parse(line) as unknown);
  } catch {
    return undefined;
  }
}
