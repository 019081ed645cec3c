import { UnavailableError } from '../../errors.ts';
import type { Addon } from '../../hub/native/addon.ts';
import { NativeHub } from '../../hub/native/hub.ts';
import { batchBytes, type NativeHubLimits, openNativeHub } from '../../hub/native/open.ts';
import type { HubEvents, RoomHandle } from '../../hub/port.ts';
import { decodeFrame, type Encoding } from '../../protocol/encoding.ts';
import type { Draft, MessageRecord, RoomMessage } from '../../protocol/messages.ts';
import type { Log, LogSink, OpenedRoom, Range } from '../port.ts';
import { recordOf } from '../record.ts';
import { SharedMemoryLog } from '../shared_memory.ts';

export const HUB_LIMITS: NativeHubLimits = {
  flush_interval_ms: 0,
  batch_bytes_max: 64 * 1_024,
  batch_records_max: 100,
  history_records_max: 100,
  history_bytes_max: 256 * 1_024,
  history_age_ms_max: 0,
  pending_bytes_max: 8 * 1_024 * 1_024,
  joined_users_max: 100,
  idempotency_ids_max: 1_000,
  pool_bytes_max: 64 * 1_024 * 1_024,
};

const LISTENER = { user_id: 'listener', username: 'Listener' };

interface OpenRoom {
  readonly name: string;
  readonly epoch: string;
  readonly handle: RoomHandle;
}

interface Frame {
  readonly room: RoomHandle;
  readonly encoding: Encoding;
  readonly data: string | Uint8Array;
}

/** What one hub is made of, and how many workers share it. */
export class SharedHub {
  readonly #addon: Addon;
  readonly #limits: NativeHubLimits;
  readonly #id: number;

  constructor(addon: Addon, workers: number, changes: Partial<NativeHubLimits> = {}) {
    this.#addon = addon;
    this.#limits = { ...HUB_LIMITS, ...changes };
    this.#id = openNativeHub(addon, this.#limits, workers);
  }

  connect(worker: number, sink: LogSink, encoding: Encoding): HubWorker {
    return new HubWorker(sink, encoding, (events, onVerdict) => {
      const door = new this.#addon.Door(this.#id, worker, events.wake);
      const batch_bytes = batchBytes(this.#limits);
      const clock = () => performance.now();
      const hub = new NativeHub({ door, events, onVerdict, batch_bytes, clock });
      return { hub, detach: () => door.detach() };
    });
  }

  close(): void {
    this.#addon.closeHub(this.#id);
  }
}

type ConnectHub = (
  events: HubEvents,
  onVerdict: SharedMemoryLog['decided'],
) => { readonly hub: NativeHub; detach(): void };

/**
 * One worker with a log over a hub that sequences. Its records never pass through the log: so there
 * is a listener in each open room, and what the hub sends there is what the sink hears as
 * `committed`. As at a socket, a frame arrives when the hub's call is over, and nothing arrives of a
 * room that has been closed since.
 */
export class HubWorker implements Log {
  readonly kind: string;
  readonly recovery_records: number;
  readonly hub: NativeHub;
  readonly #log: SharedMemoryLog;
  readonly #sink: LogSink;
  readonly #encoding: Encoding;
  readonly #detach: () => void;
  readonly #rooms = new Map<string, OpenRoom>();
  readonly #frames: Frame[] = [];
  #is_woken = false;
  #has_stopped = false;

  constructor(sink: LogSink, encoding: Encoding, connect: ConnectHub) {
    this.#sink = sink;
    this.#encoding = encoding;
    const events: HubEvents = {
      publish: (room, _encoding, data) => {
        const kept = typeof data === 'string' ? data : Uint8Array.from(data);
        this.#frames.push({ room, encoding, data: kept });
      },
      wake: () => {
        this.#is_woken = true;
      },
      overrun: () => {
        throw new Error('the listener fell behind');
      },
    };
    const { hub, detach } = connect(events, (verdict) => this.#log.decided(verdict));
    this.hub = hub;
    this.#detach = detach;
    this.#log = new SharedMemoryLog(sink, hub, { publishes_in_flight_max: 64 });
    this.kind = this.#log.kind;
    this.recovery_records = this.#log.recovery_records;
  }

  /** Whether the pump would come round again. */
  get isBusy(): boolean {
    return this.#is_woken || this.hub.nextDue_ms() !== undefined;
  }

  async open(name: string): Promise<OpenedRoom> {
    const opened = await this.#log.open(name);
    if (this.#has_stopped) throw new UnavailableError('the log has stopped');
    if (this.#rooms.has(name)) return opened;
    const handle = this.hub.openRoom(name, opened);
    const { epoch, offset } = this.hub.join(handle, LISTENER, this.#encoding, undefined);
    this.#rooms.set(name, { name, epoch, handle });
    return { epoch, head: offset, tail: [] };
  }

  submit(name: string, draft: Draft, token: number): boolean {
    return this.#log.submit(name, draft, token);
  }

  read(name: string, range: Range, limit: number): Promise<readonly MessageRecord[]> {
    return this.#log.read(name, range, limit);
  }

  close(name: string): void {
    const room = this.#rooms.get(name);
    this.#rooms.delete(name);
    this.#log.close(name);
    if (room !== undefined) this.hub.closeRoom(room.handle);
  }

  /** What the log has accepted reaches its readers before they are sent away, as in the server. */
  async stop(): Promise<void> {
    if (this.#has_stopped) return;
    this.#has_stopped = true;
    await this.#log.stop();
    this.endTurn();
    for (const name of [...this.#rooms.keys()]) this.close(name);
  }

  endTurn(): void {
    this.#is_woken = false;
    this.hub.flush(performance.now());
    this.#deliver();
  }

  detach(): void {
    this.#detach();
  }

  #deliver(): void {
    for (let frame = this.#frames.shift(); frame !== undefined; frame = this.#frames.shift()) {
      const { room: handle, encoding, data } = frame;
      const room = [...this.#rooms.values()].find((one) => one.handle === handle);
      if (room === undefined) continue;
      const messages = decodeFrame(encoding, data) ?? [];
      const records = messages.map((message) => readRecord(message as unknown as RoomMessage));
      this.#sink.committed(room.name, room.epoch, records);
    }
  }
}

function readRecord({ prev, offset, timestamp, ...draft }: RoomMessage): MessageRecord {
  return recordOf(draft, offset, prev ?? offset - 1, timestamp);
}
