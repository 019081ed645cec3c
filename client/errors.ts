import type { ErrorCode } from '../server/errors.ts';
import type { ErrorMessage } from '../server/protocol/messages.ts';

/** What this side finds wrong itself; the server's refusals bring their own words. */
const CLIENT_ERRORS = {
  closed: { message: 'The client is closed.', temporary: false },
  deadline: { message: 'The deadline passed before an answer came.', temporary: true },
  disconnected: { message: 'There is no connection now.', temporary: true },
  invalid_field: { message: 'The text is not well-formed Unicode.', temporary: false },
  left: { message: 'The room was left.', temporary: false },
  not_joined: { message: 'Join the room first.', temporary: false },
  outbox_full: { message: 'Too many messages wait to be acknowledged.', temporary: true },
  requests_too_many: { message: 'Too many requests wait for an answer.', temporary: true },
  server_closed: { message: 'The server asked not to come back.', temporary: false },
  server_malformed: { message: 'The server sent what is not this protocol.', temporary: true },
  text_too_large: { message: 'The text is larger than the server takes.', temporary: false },
  token_unavailable: { message: 'There is no newer token.', temporary: true },
  token_invalid: { message: 'The server refuses the token.', temporary: false },
} as const;

/** What a rejected promise may say: one of these, or any code of the server's `error`. */
export type HubbubErrorCode = ErrorCode | keyof typeof CLIENT_ERRORS;

/** What became of a request that failed: nothing happened, or that cannot be known. */
export type Outcome = 'none' | 'unknown';

interface ErrorDetails {
  readonly message?: string;
  readonly temporary?: boolean;
  readonly retry_after_ms?: number | undefined;
  readonly outcome?: Outcome;
  readonly room?: string | undefined;
}

/** Every promise of the client that rejects does so with one of these. */
export class HubbubError extends Error {
  override readonly name = 'HubbubError';
  readonly code: HubbubErrorCode;
  /** Whether the same call may succeed later, unchanged. */
  readonly temporary: boolean;
  /** How long the server asked to wait before trying again. */
  readonly retry_after_ms: number | undefined;
  /** For a `send`: whether the message may stand in the room all the same. */
  readonly outcome: Outcome;
  readonly room: string | undefined;

  constructor(code: HubbubErrorCode, details: ErrorDetails = {}) {
    const known = isClientCode(code) ? CLIENT_ERRORS[code] : undefined;
    super(details.message ?? known?.message ?? code);
    this.code = code;
    this.temporary = details.temporary ?? known?.temporary ?? false;
    this.retry_after_ms = details.retry_after_ms;
    this.outcome = details.outcome ?? 'none';
    this.room = details.room;
  }

  /** The server's refusal as an error. */
  static from(refusal: ErrorMessage): HubbubError {
    return new HubbubError(refusal.code, refusal);
  }
}

const isClientCode = (code: HubbubErrorCode): code is keyof typeof CLIENT_ERRORS =>
  Object.hasOwn(CLIENT_ERRORS, code);
