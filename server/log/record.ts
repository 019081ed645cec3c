import type { Draft, MessageRecord } from '../protocol/messages.ts';

/**
 * A draft at its place. Field by field: whatever else the draft's object carries stays out, and all
 * records have one shape in memory.
 */
export function recordOf(
  draft: Draft,
  offset: number,
  prev: number,
  timestamp: number,
): MessageRecord {
  const { from, from_id, text, id } = draft;
  return id === undefined
    ? { offset, prev, from, from_id, text, timestamp }
    : { offset, prev, from, from_id, text, timestamp, id };
}
