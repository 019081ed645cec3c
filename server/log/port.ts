import type { ErrorCode } from '../errors.ts';
import type { Draft, MessageRecord } from '../protocol/messages.ts';

/**
 * The log decides: it gives each record its place in the room's order, and remembers it. Nothing is
 * delivered before the log has accepted it, so nobody ever sees what a crash could take back.
 *
 * What callers may rely on, whatever stands behind the port (`contract.ts` holds every adapter to it):
 * - Order: `committed` brings each room's records in rising `offset`, each one's `prev` the offset
 *   before it, the publishes of one process in the order it submitted them. Offsets may have holes.
 *   A record may come again, never with another content.
 * - Answers: each submitted token is answered once, by `acknowledged` or by `refused`, unless the
 *   outcome is lost (a dead connection to the engine): callers keep a deadline of their own.
 * - A refused publish leaves no trace, unless it was refused as `unknown_outcome`.
 * - Idempotency: while the room remembers it, the same (from_id, id) again is acknowledged with the
 *   first one's offset and `duplicate`, and not committed again. A duplicate of a publish that is
 *   still pending shares its outcome.
 * - Acknowledgement and delivery may come in either order.
 */
export interface Log {
  /** For people: `/stats`, `/healthz`, the log line at start. */
  readonly kind: string;

  /**
   * How far back `read` reaches, in records a room. 0: this log keeps nothing of its own, and what
   * the hub holds of a room is all there is.
   */
  readonly recovery_records: number;

  /** Why publishes are refused as long as this lasts; undefined when all is well. For health. */
  readonly trouble?: string | undefined;

  /**
   * Loads a room, or makes it. Once this has answered, its records come to the sink: none before, none
   * after `close`. An open room answers where it stands.
   * @throws UnavailableError when the engine does not answer, and after `stop`
   */
  open(room: string): Promise<OpenedRoom>;

  /**
   * Asks for a place for `draft`. The answer goes to the sink under `token`.
   * @returns false when the log takes nothing now (its queue is full, the room is not open, it has
   *   stopped): refused on the spot, the sink hears nothing, the token is free again
   */
  submit(room: string, draft: Draft, token: number): boolean;

  /**
   * Reads records of an open room, oldest first, as far as the log remembers: where it does not
   * reach back to `after`, the first one's `prev` shows it. May know records the sink does not yet.
   * @throws UnavailableError when the engine does not answer, the room is not open, or after `stop`
   */
  read(room: string, range: Range, limit: number): Promise<readonly MessageRecord[]>;

  /**
   * Nobody is in the room any more: what is kept of it in this process may go. What is pending is
   * answered all the same.
   */
  close(room: string): void;

  /** Accepts nothing more, answers what is pending, and lets the engine go. */
  stop(): Promise<void>;
}

export interface OpenedRoom {
  /** Offsets compare only within an epoch. A room that lost its past gets a new one. */
  readonly epoch: string;
  /** The offset of the newest record, 0 when there is none. */
  readonly head: number;
  /** The newest records up to `head`, oldest first, contiguous by `prev`. */
  readonly tail: readonly MessageRecord[];
}

/** The first records after an offset, or the newest ones before it. */
export type Range = { readonly after: number } | { readonly before: number };

/** Where the log's answers go. Calls may come inside `submit`. */
export interface LogSink {
  committed(room: string, epoch: string, records: readonly MessageRecord[]): void;
  acknowledged(token: number, offset: number, duplicate: boolean): void;
  refused(token: number, code: ErrorCode, retry_after_ms: number): void;
}
