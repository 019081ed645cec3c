import type { MessageRecord } from '../protocol/messages.ts';

export interface OlderPage {
  /** Oldest first. */
  readonly records: readonly MessageRecord[];
  /** Whether there are older ones. */
  readonly more: boolean;
}

/**
 * Makes a page of what the log has read: the newest `limit` records whose texts fit into `bytes_max`
 * together, and one in any case. A page is one frame, and must not make its reader a slow one.
 * @param found of a read that asked for one more than `limit`; a log may end early past `bytes_max`
 */
export function olderPage(
  found: readonly MessageRecord[],
  limit: number,
  bytes_max: number,
): OlderPage {
  let bytes = 0;
  let count = 0;
  for (const { text } of found.toReversed()) {
    bytes += Buffer.byteLength(text);
    if (count === limit || (count > 0 && bytes > bytes_max)) break;
    count += 1;
  }
  const hasEndedEarly = bytes >= bytes_max && (found[0]?.prev ?? 0) > 0;
  return {
    records: found.slice(-count || found.length),
    more: count < found.length || hasEndedEarly,
  };
}
