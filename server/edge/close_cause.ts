import { CLOSE_CAUSES, type CloseCause } from '../telemetry/counters.ts';

/**
 * Bun reports its own verdicts on a broken peer as 1006 with a text. The metrics are to carry the true
 * reason, and only reasons from a list: a label must not grow with what peers think of. Every text but
 * those listed tells of a breach of the framing or closing rules.
 */
const VERDICTS: ReadonlyMap<string, CloseCause> = new Map([
  ['', 'connection_lost'],
  ['Received too big message', 'frame_too_large'],
  ['Received invalid UTF-8', 'invalid_utf8'],
]);

/** @returns the label under which a connection that the server did not end itself is counted */
export function closeCause(code: number, reason: string): CloseCause {
  // 1005 stands for a Close frame without a code: how most browsers leave.
  if (code === 1000 || code === 1001 || code === 1005) return 'client_left';
  if (code === 1006) return VERDICTS.get(reason) ?? 'protocol_error';
  return CLOSE_CAUSES.find((cause) => cause === `client_${code}`) ?? 'client_other';
}
