/**
 * What a close code asks of the client:
 * - `return`: come back with the usual backoff;
 * - `return_later`: the server is short of something, start further up the backoff;
 * - `return_rarely`: this client's own bytes were the cause, and may be again;
 * - `token_expired`, `token_refused`: come back as far as there are other credentials;
 * - `stop`: do not come back.
 */
export type Advice =
  | 'return'
  | 'return_later'
  | 'return_rarely'
  | 'token_expired'
  | 'token_refused'
  | 'stop';

export const CLOSE_NORMAL = 1000;
export const CLOSE_ABNORMAL = 1006;
export const CLOSE_PROTOCOL_ERROR = 1002;
export const CLOSE_TOKEN_EXPIRED = 4401;
export const CLOSE_TOKEN_REFUSED = 4501;

export function adviceOf(code: number): Advice {
  switch (code) {
    case 1011:
    case 1013:
    case 4429:
      return 'return_later';
    case CLOSE_PROTOCOL_ERROR:
    case 1003:
    case 1007:
    case 1008:
    case 1009:
    case 1010:
      return 'return_rarely';
    case CLOSE_TOKEN_EXPIRED:
      return 'token_expired';
    case CLOSE_TOKEN_REFUSED:
      return 'token_refused';
    default:
      return code >= 4500 && code <= 4999 ? 'stop' : 'return';
  }
}
