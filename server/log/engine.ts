import type { MessageRecord } from '../protocol/messages.ts';
import type { Range } from './port.ts';

/**
 * A database that keeps records. It neither decides nor delivers: `GroupCommit` does, and it alone
 * writes, one call at a time. `engine_contract.ts` holds every adapter to this.
 *
 * Errors: an UnavailableError means that nothing has happened. Any other error leaves open what has:
 * `connect` again, and see.
 */
export interface LogEngine {
  /** For people. */
  readonly kind: string;

  /** Whether `read` may run beside another call. */
  readonly canReadBeside: boolean;

  /**
   * Opens the database, or opens it again after an error. Once it has answered, everything that was
   * asked for before is either there or will never be.
   * @throws UnavailableError while it cannot be had
   * @throws ConfigError when it can never be had with these settings
   */
  connect(): Promise<EngineStart>;

  /** @returns undefined when there is no such room */
  findRoom(name: string): Promise<EngineRoom | undefined>;

  /** Which of these publishes have a record already. @returns the offset of each, in their order */
  findPublishes(publishes: readonly PublishId[]): Promise<readonly (number | undefined)[]>;

  /**
   * Keeps all of it or nothing, and answers when it is as safe as it will be.
   * @throws DuplicatePublishError when one of the publishes has a record already; nothing has happened
   */
  append(rooms: readonly RoomAppend[]): Promise<void>;

  /**
   * Oldest first. @param bytes_max of the texts: past it the answer ends, but holds one record at least
   */
  read(
    room_id: number,
    range: Range,
    limit: number,
    bytes_max: number,
  ): Promise<readonly MessageRecord[]>;

  /** Does one small step of letting go of old records, in one room. */
  prune(step: PruneStep): Promise<PruneResult>;

  /** After an error too; `clean`: everything is as it should be. */
  disconnect(clean: boolean): Promise<void>;
}

/** A publish has a record already: `findPublishes` says which. */
export class DuplicatePublishError extends Error {
  override readonly name = 'DuplicatePublishError';
}

export interface EngineStart {
  /** Names this order: another one for a database that may have lost its newest records. */
  readonly epoch: string;
  /** No room has had a higher number. */
  readonly room_id_max: number;
}

export interface EngineRoom {
  readonly room_id: number;
  /** The offset of the newest record there has been, also when it is gone. */
  readonly head: number;
}

export interface PublishId {
  readonly room_id: number;
  readonly from_id: string;
  readonly id: string;
}

/** Records of one room, contiguous, oldest first. The room is made when it is not there. */
export interface RoomAppend {
  readonly room_id: number;
  readonly name: string;
  readonly records: readonly MessageRecord[];
}

export interface PruneStep {
  /** The room after this one, in the order of their numbers. */
  readonly after_room_id: number;
  /** Of the newest records; 0: any number. */
  readonly records_max: number;
  /** Records before this time go. */
  readonly oldest_ms: number;
  /** Records that may go in one step. */
  readonly step_records: number;
  /** Rooms that stay although nothing is left in them. */
  isOpen(name: string): boolean;
}

export interface PruneResult {
  /** The room that was looked at, undefined past the last one. */
  readonly room_id: number | undefined;
  readonly deleted: number;
}
