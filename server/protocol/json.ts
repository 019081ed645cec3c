import type { MessageRecord, PageHead, Reply, VolatileEvent } from './messages.ts';

export const encode = (message: Reply | VolatileEvent | PageHead): string =>
  JSON.stringify(message);

/**
 * One record as the room's members read it. The MessagePack twin writes the same fields in the same
 * order. One call for the whole object: a call for each of its strings costs half as much again, and
 * what is joined out of pieces has to be copied together later.
 */
export function encodeRecord(room: string, record: MessageRecord): string {
  const { from, from_id, text, timestamp, offset, prev, id } = record;
  return JSON.stringify({
    type: 'message',
    room,
    from,
    from_id,
    text,
    timestamp,
    offset,
    prev: prev === offset - 1 ? undefined : prev,
    id,
  });
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
