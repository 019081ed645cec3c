import { withDeadline } from '../deadline.ts';
import type { RoomHandle } from '../hub/port.ts';
import type { MessageRecord } from '../protocol/messages.ts';
import type { RoomContext } from './context.ts';

/** While the log is read the hub moves on; each further read has less to fetch. */
const READS_MAX = 4;

/**
 * Reads what lies between `offset` and what the hub still holds.
 * @returns a run that begins right after `offset` and ends where the hub goes on, never past its head;
 *          empty when the log cannot prove such a run within `replay_records_max` and `replay_bytes_max`
 * @throws UnavailableError when the log does not answer in time
 */
export async function replayFromLog(
  room: { readonly name: string; readonly handle: RoomHandle },
  { log, hub, limits }: Pick<RoomContext, 'log' | 'hub' | 'limits'>,
  offset: number,
): Promise<readonly MessageRecord[]> {
  const replay: MessageRecord[] = [];
  let bytes = 0;
  let reached = offset;
  for (let reads = 0; reads < READS_MAX && !hub.covers(room.handle, reached); reads += 1) {
    const limit = limits.replay_records_max - replay.length;
    if (limit <= 0) return [];
    const records = await withDeadline(
      log.read(room.name, { after: reached }, limit),
      limits.log_timeout_ms,
      'reading a replay',
    );
    // A first record that does not follow on what the client has means the log has forgotten some.
    if (records[0]?.prev !== reached) return [];
    for (const record of records) {
      if (hub.covers(room.handle, reached)) break;
      replay.push(record);
      bytes += Buffer.byteLength(record.text);
      reached = record.offset;
      if (bytes > limits.replay_bytes_max) return [];
    }
  }
  return hub.covers(room.handle, reached) ? replay : [];
}
