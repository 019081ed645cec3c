/**
 * Bun reports its own verdicts on a broken peer as 1006 with a text. The metrics are to carry the true
 * reason, and only reasons from a list: a label must not grow with what peers think of.
 */
const VERDICTS: readonly (readonly [text: RegExp, cause: string])[] = [
  [/too big|too large|payload/i, 'frame_too_large'],
  [/utf-?8/i, 'invalid_utf8'],
  [/timeout|timed out/i, 'timeout'],
  [/backpressure/i, 'cut_slow_reader'],
  [
    /protocol|invalid|reserved|masked|fragment|opcode|control frame|continuation/i,
    'protocol_error',
  ],
];

export function closeCause(code: number, reason: string): string {
  if (code === 1000 || code === 1001) return 'client_left';
  if (code !== 1006) return code >= 3000 ? 'client_other' : `client_${code}`;
  return VERDICTS.find(([text]) => text.test(reason))?.[1] ?? 'connection_lost';
}
