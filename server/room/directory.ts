import { withDeadline } from '../deadline.ts';
import { type ErrorCode, Refusal, UnavailableError } from '../errors.ts';
import type { Hub, RoomHandle } from '../hub/port.ts';
import type { Log, LogSink } from '../log/port.ts';
import type { MessageRecord } from '../protocol/messages.ts';
import type { RoomContext, RoomLimits } from './context.ts';
import { refuseRoomName, splitNames } from './names.ts';
import { type PendingGauge, PendingPublishes } from './pending.ts';
import { Room } from './room.ts';

export interface DirectoryLimits extends RoomLimits {
  /** The only rooms there are, separated by commas; empty: any room, made on first join. */
  readonly rooms: string;
  readonly rooms_max: number;
  readonly room_idle_ms_max: number;
  readonly room_name_bytes_max: number;
  readonly publish_timeout_ms: number;
}

const FULL_RETRY_MS = 1_000;

/**
 * Every room of this worker, from the first join until it has been empty for too long. The log's
 * answers arrive here: records go on to the hub, verdicts to whoever published.
 */
export class RoomDirectory implements LogSink {
  readonly pending: PendingPublishes;
  readonly #context: RoomContext;
  readonly #limits: DirectoryLimits;
  readonly #declared: ReadonlySet<string>;
  readonly #live = new Map<string, Room>();
  readonly #loading = new Map<string, Promise<Room>>();
  /** Rooms without members, in the order they became so, with when that was. */
  readonly #empty_since_ms = new Map<string, number>();
  readonly #announcing = new Set<string>();
  #announcer: NodeJS.Timeout | undefined;

  /** @param connectLog makes the log, given where its answers go */
  constructor(
    connectLog: (sink: LogSink) => Log,
    hub: Hub,
    limits: DirectoryLimits,
    gauge: PendingGauge,
  ) {
    this.#limits = limits;
    this.#declared = new Set(splitNames(limits.rooms));
    this.pending = new PendingPublishes(limits.publish_timeout_ms, gauge);
    this.#context = {
      log: connectLog(this),
      hub,
      pending: this.pending,
      limits,
      presenceChanged: (room) => this.#announceSoon(room),
      occupancyChanged: (room) => this.#noteOccupancy(room),
    };
  }

  get logKind(): string {
    return this.#context.log.kind;
  }

  /** Why the log accepts nothing, while it does not. */
  get logTrouble(): string | undefined {
    return this.#context.log.trouble;
  }

  /**
   * Finds a room, or makes it where rooms are made on first join.
   * @returns a promise while the log loads the room; it rejects with UnavailableError when that fails
   */
  enter(name: string): Room | Promise<Room> | Refusal {
    const known = this.#live.get(name) ?? this.#loading.get(name);
    if (known !== undefined) return known;
    const refusal = refuseRoomName(name, this.#limits.room_name_bytes_max);
    if (refusal !== undefined) return refusal;
    if (this.#declared.size > 0 && !this.#declared.has(name)) return new Refusal('room_not_found');
    if (this.#live.size + this.#loading.size >= this.#limits.rooms_max) {
      return new Refusal('unavailable', 'There are as many rooms as may be.', FULL_RETRY_MS);
    }
    const loading = this.#load(name);
    this.#loading.set(name, loading);
    return loading;
  }

  committed(room: string, epoch: string, records: readonly MessageRecord[]): void {
    const live = this.#live.get(room);
    // A record of a room that has been let go is the log's alone: whoever joins next will load it.
    if (live?.epoch === epoch) this.#context.hub.append(live.handle, records);
  }

  acknowledged(token: number, offset: number, duplicate: boolean): void {
    this.pending.acknowledge(token, offset, duplicate);
  }

  refused(token: number, code: ErrorCode, retry_after_ms: number): void {
    this.pending.refuse(token, code, retry_after_ms);
  }

  /** The hub let go of records its members have not seen: the log may still have them. */
  async refill(handle: RoomHandle, after: number): Promise<void> {
    const { log, hub, limits } = this.#context;
    const room = [...this.#live.values()].find((live) => live.handle === handle);
    if (room === undefined) return;
    const records =
      log.recovery_records === 0
        ? []
        : await withDeadline(
            log.read(room.name, { after }, limits.replay_records_max),
            limits.log_timeout_ms,
            'reading after an overrun',
          );
    hub.fill(handle, records);
  }

  /** Once a second: lets rooms go that have been empty for too long, and publishes that waited too long. */
  sweep(now_ms: number): void {
    this.pending.expire(now_ms);
    for (const [name, since_ms] of this.#empty_since_ms) {
      if (now_ms - since_ms < this.#limits.room_idle_ms_max) break;
      this.#empty_since_ms.delete(name);
      const room = this.#live.get(name);
      if (room === undefined) continue;
      this.#live.delete(name);
      this.#context.hub.closeRoom(room.handle);
      this.#context.log.close(name);
    }
  }

  async stop(): Promise<void> {
    clearTimeout(this.#announcer);
    await this.#context.log.stop();
  }

  async #load(name: string): Promise<Room> {
    const { log, hub, limits } = this.#context;
    try {
      const opened = await withDeadline(log.open(name), limits.log_timeout_ms, 'loading a room');
      const room = new Room(name, opened, this.#context);
      // Rooms of other workers count too; one that another worker has already does not count twice.
      if (hub.roomCount() > this.#limits.rooms_max) {
        hub.closeRoom(room.handle);
        throw new UnavailableError('there are as many rooms as may be');
      }
      this.#live.set(name, room);
      this.#noteOccupancy(name);
      return room;
    } catch (error) {
      // The log may still finish loading it after the deadline: nobody is here for its records.
      log.close(name);
      throw error;
    } finally {
      this.#loading.delete(name);
    }
  }

  #noteOccupancy(name: string): void {
    const room = this.#live.get(name);
    if (room?.isEmpty !== true) this.#empty_since_ms.delete(name);
    else if (!this.#empty_since_ms.has(name)) this.#empty_since_ms.set(name, performance.now());
  }

  #announceSoon(name: string): void {
    this.#announcing.add(name);
    this.#announcer ??= setTimeout(() => this.#announce(), this.#limits.presence_interval_ms);
  }

  #announce(): void {
    this.#announcer = undefined;
    const now_ms = performance.now();
    for (const name of this.#announcing) {
      const room = this.#live.get(name);
      if (room !== undefined && !room.presence.isDue(now_ms)) continue;
      this.#announcing.delete(name);
      room?.announcePresence();
    }
    if (this.#announcing.size > 0) {
      this.#announcer = setTimeout(() => this.#announce(), this.#limits.presence_interval_ms);
    }
  }
}
