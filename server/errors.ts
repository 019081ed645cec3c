/**
 * Every error code and every close code, once. The number of a close code is advice to the client:
 *   1000–2999  RFC 6455's own meaning
 *   4000–4499  come back (after the delay the server named, else with the usual backoff)
 *   4500–4999  do not come back with the same credentials
 * A code that falls out of use stays reserved in `RETIRED_CLOSE_CODES`: clients in the field know the old meaning.
 */

interface ErrorEntry {
  /** What the client is told when the call site has nothing more precise. */
  readonly message: string;
  /** Whether the same request may succeed later, unchanged. */
  readonly temporary: boolean;
}

const temporary = (message: string): ErrorEntry => ({ message, temporary: true });
const permanent = (message: string): ErrorEntry => ({ message, temporary: false });

export const ERRORS = {
  malformed: permanent('The frame is not one valid message of the negotiated encoding.'),
  unknown_type: permanent('There is no message of this type.'),
  invalid_field: permanent('A field is missing or has the wrong type or size.'),
  room_name_invalid: permanent('The room name is empty, too long or has characters not allowed.'),
  room_not_found: permanent('There is no such room.'),
  rooms_too_many: permanent('This connection has joined as many rooms as it may.'),
  not_joined: permanent('Join the room first.'),
  text_too_large: permanent('The text is larger than limits.text_bytes_max.'),
  auth_after_join: permanent('In a room, only a new token of the same user is accepted.'),
  auth_required: permanent('Authenticate first: guests are not let in.'),
  forbidden: permanent('The token does not allow this in this room.'),
  token_invalid: permanent('The token is not valid.'),
  token_expired: permanent('The token has expired.'),
  rate_limited: temporary('Too many messages; wait retry_after_ms.'),
  unavailable: temporary('The server cannot accept this now; nothing was published.'),
  unknown_outcome: temporary('No confirmation in time; send again with the same id.'),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

interface CloseEntry {
  readonly code: number;
  /** At most 123 bytes: it travels in the Close frame. */
  readonly reason: string;
  readonly advice: 'come back' | 'come back later' | 'do not come back' | 'fix the client';
}

export const CLOSES = {
  going_away: { code: 1001, reason: 'going away', advice: 'come back' },
  protocol_error: { code: 1002, reason: 'protocol error', advice: 'fix the client' },
  wrong_frame_kind: {
    code: 1003,
    reason: 'text and binary frames follow the negotiated subprotocol',
    advice: 'fix the client',
  },
  invalid_utf8: { code: 1007, reason: 'invalid UTF-8', advice: 'fix the client' },
  malformed_too_often: {
    code: 1008,
    reason: 'too many invalid messages',
    advice: 'fix the client',
  },
  frame_too_large: { code: 1009, reason: 'frame too large', advice: 'fix the client' },
  internal: { code: 1011, reason: 'internal error', advice: 'come back later' },
  restart: { code: 1012, reason: 'server restart', advice: 'come back' },
  slow_reader: { code: 1013, reason: 'reading too slowly', advice: 'come back later' },
  token_expired: { code: 4401, reason: 'token expired', advice: 'come back' },
  auth_timeout: { code: 4408, reason: 'no auth in time', advice: 'come back' },
  too_many: { code: 4429, reason: 'too many messages', advice: 'come back later' },
  token_invalid: { code: 4501, reason: 'token invalid or revoked', advice: 'do not come back' },
  forbidden: { code: 4503, reason: 'forbidden too often', advice: 'do not come back' },
} as const satisfies Record<string, CloseEntry>;

export type CloseName = keyof typeof CLOSES;

export const RETIRED_CLOSE_CODES: readonly number[] = [];

/** A request turned down: a value, not an exception, because hostile input is everyday input. */
export class Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retry_after_ms: number | undefined;

  constructor(code: ErrorCode, message: string = ERRORS[code].message, retry_after_ms?: number) {
    this.code = code;
    this.message = message;
    this.retry_after_ms = retry_after_ms;
  }
}

/** The configuration cannot be used. Its message is one sentence for the person at the terminal. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** An engine behind a port (log, storage) did not answer, refused, or is gone. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
}
