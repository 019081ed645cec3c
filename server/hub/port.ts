import type { EncodedPage, Encoding } from '../protocol/encoding.ts';
import type { MessageRecord, Position, User, VolatileEvent } from '../protocol/messages.ts';

/**
 * The hub spreads: it knows who is where, keeps each room's newest records encoded and in order, and
 * hands them on in batches. It never waits: not for a slow worker, not for a slow socket.
 *
 * What callers may rely on (`contract.ts` holds every hub to it):
 * - One order. Rows of a room come in the order of `append` and `broadcast`, the same for every
 *   encoding; durable records at or below the head are dropped, so a redelivery is harmless.
 * - No false proof. A record whose `prev` is past the head (the hub was not given some) begins the
 *   history anew: nothing is called recovered across a gap.
 * - Joining and leaving publish what the room has pending, in the same call. The first record a
 *   member receives after `join` answered offset h has `prev` = h.
 * - Volatile events share the order and never push a record out of the history.
 * - Bounds: a room holds at most `history_records_max`, `history_bytes_max` and
 *   `history_age_ms_max` of history, and `pending_bytes_max` not yet published. A room past that
 *   is overrun: what is pending is let go, counted, and reported once at the next flush; a join or
 *   a leave before the answer ends it with what the history holds. One record alone may be larger
 *   than any bound. Sizes are those of the JSON form in UTF-8.
 * - A handle that is closed is dead: using it throws, but `closeRoom` and `fill` may come late.
 */
export interface Hub {
  readonly kind: HubKind;

  openRoom(name: string, start: RoomStart): RoomHandle;

  /** Forgets the room. Its handle, and its topics with it, are never given out again. */
  closeRoom(room: RoomHandle): void;

  /** Takes records the log has accepted, in its order. */
  append(room: RoomHandle, records: readonly MessageRecord[]): void;

  /** Takes an event that is worth nothing later: no offset, no history. */
  broadcast(room: RoomHandle, event: VolatileEvent): void;

  /**
   * Publishes what is pending, then counts the user in and takes the snapshot. The caller
   * subscribes to `topicOf(room, encoding)` and sends the answer before it returns to the event loop.
   * @param since answered in `recovery`; undefined asks for none
   */
  join(room: RoomHandle, user: User, encoding: Encoding, since: Position | undefined): JoinSnapshot;

  /**
   * Publishes what is pending, then counts one connection of the user out.
   * @returns whether it was the user's last one in this room
   */
  leave(room: RoomHandle, user: User, encoding: Encoding): boolean;

  /** Users in order of arrival: at most `limit` after the user `after`. */
  users(room: RoomHandle, limit: number, after: string | undefined): UserPage;

  /** Whether the user has a connection in the room, at whichever worker. */
  isPresent(room: RoomHandle, user_id: string): boolean;

  /** The newest records before an offset, as far as the hub holds them. */
  history(room: RoomHandle, encoding: Encoding, before: number, limit: number): HistoryPage;

  /** Whether everything after `offset` is still here. */
  covers(room: RoomHandle, offset: number): boolean;

  /** Encodes records that come from elsewhere (older history, a replay) like the hub's own. */
  encodePage(room: RoomHandle, encoding: Encoding, records: readonly MessageRecord[]): EncodedPage;

  /**
   * Answers an overrun: what the log still had of the missing records, oldest first, also past the
   * head. As long as that leads on but not far enough, the hub asks again. What stays missing is
   * lost: counted, and seen by clients as a gap in `prev`. Does nothing when the overrun has ended.
   */
  fill(room: RoomHandle, records: readonly MessageRecord[]): void;

  /** Publishes every batch that is due at `now_ms`; Infinity: all of them, before the end. */
  flush(now_ms: number): void;

  /**
   * @returns when to flush next on the monotonic clock, never after a batch's due time; undefined when
   *          nothing is pending and `wake` will say when something is
   */
  nextDue_ms(): number | undefined;

  counters(): HubCounters;

  /** Rooms that are open, over all workers. */
  roomCount(): number;
}

export type HubKind = 'script' | 'native';

/** Slot and generation in one number: a handle of a room that is gone never means another room. */
export type RoomHandle = number;

export interface RoomStart {
  readonly epoch: string;
  readonly head: number;
  readonly tail: readonly MessageRecord[];
}

export interface JoinSnapshot {
  readonly epoch: string;
  readonly offset: number;
  readonly users: readonly User[];
  readonly user_count: number;
  /** Whether this is the user's first connection in the room. */
  readonly arrived: boolean;
  /** Present when `since` was: everything after it, or the newest history and no proof. */
  readonly recovery?: { readonly recovered: boolean; readonly page: EncodedPage };
}

export interface UserPage {
  readonly users: readonly User[];
  readonly user_count: number;
  readonly more: boolean;
}

export interface HistoryPage extends EncodedPage {
  /** The offset before this page's first record: where older ones would be. */
  readonly before: number;
  /** Whether the hub holds older ones. */
  readonly more: boolean;
}

/** What the hub tells the outside, each call inside one of the hub's own. */
export interface HubEvents {
  /** One frame for everybody in `room` who speaks `encoding`, with `count` messages in it. */
  publish(room: RoomHandle, encoding: Encoding, data: string | Uint8Array, count: number): void;
  /**
   * Something is pending where nothing was, or is due earlier than before: flush no later than this.
   * It may come earlier than what is due, and a flush then publishes nothing.
   */
  wake(due_ms: number): void;
  /** The records after offset `after` are no longer here: fetch them and call `fill`. */
  overrun(room: RoomHandle, after: number): void;
}

/** What became of a publish that the hub gave its place to. */
export interface Verdict {
  readonly token: number;
  readonly offset: number;
  readonly duplicate: boolean;
  /** False when there was no memory for it, or no room: it left no trace. */
  readonly accepted: boolean;
}

export interface HubLimits {
  readonly flush_interval_ms: number;
  readonly batch_bytes_max: number;
  readonly batch_records_max: number;
  readonly history_records_max: number;
  readonly history_bytes_max: number;
  readonly history_age_ms_max: number;
  readonly pending_bytes_max: number;
  readonly joined_users_max: number;
}

export interface HubCounters {
  readonly rooms: number;
  /** Connections counted into rooms: one in two rooms counts twice. */
  readonly members: number;
  readonly records: number;
  readonly events: number;
  readonly duplicates_dropped: number;
  readonly rows: number;
  /** Messages times receivers. */
  readonly deliveries: number;
  readonly overruns: number;
  readonly records_lost: number;
  readonly history_bytes: number;
}

/** The pub/sub topic of a room's members who speak one encoding. */
export const topicOf = (room: RoomHandle, encoding: Encoding): string => `${room}/${encoding}`;
