import { UnavailableError } from '../errors.ts';
import type { Verdict } from '../hub/port.ts';
import type { Draft, MessageRecord } from '../protocol/messages.ts';
import { EpochSource } from './epoch.ts';
import type { Log, LogSink, OpenedRoom, Range } from './port.ts';

/** A hub that gives records their place itself, in memory that all workers share. */
export interface Sequencer {
  /** A room that is open already stays as it is, and is to be closed once more. */
  openRoom(name: string, start: OpenedRoom): number;
  closeRoom(room: number): void;
  /** The room's epoch, and its head when it was opened last. */
  startOf(room: number): { readonly epoch: string; readonly head: number };
  /** The verdict comes to `SharedMemoryLog.decided`, at the end of the turn at the latest. */
  sequence(room: number, draft: Draft, token: number): void;
  /** Brings the verdicts of everything so far. */
  settle(): void;
}

const FULL_RETRY_MS = 100;
/** Crossing once for so many costs next to nothing more than once for all. */
const UNSETTLED_MAX = 64;

/**
 * The memory log over a hub that sequences: order, remembered ids and records are decided and kept in
 * one native step, for all workers of the process. Records reach the hub's readers without passing
 * through here, so the sink only hears verdicts.
 */
export class SharedMemoryLog implements Log {
  readonly kind = 'memory';
  readonly recovery_records = 0;
  readonly #sink: LogSink;
  readonly #sequencer: Sequencer;
  readonly #epochs = new EpochSource();
  readonly #rooms = new Map<string, number>();
  readonly #unsettled_max: number;
  #unsettled = 0;
  #stopped = false;

  /** @param limits how many unanswered publishes one connection may have */
  constructor(
    sink: LogSink,
    sequencer: Sequencer,
    limits: { readonly publishes_in_flight_max: number },
  ) {
    this.#sink = sink;
    this.#sequencer = sequencer;
    // One read of a socket brings hundreds of messages: they must not count as a backlog of the log's.
    const half = Math.floor(limits.publishes_in_flight_max / 2);
    this.#unsettled_max = Math.max(1, Math.min(UNSETTLED_MAX, half));
  }

  /** The first worker to open a room gives it its epoch; the others find it as it stands. */
  async open(name: string): Promise<OpenedRoom> {
    if (this.#stopped) throw new UnavailableError('the log has stopped');
    const start = { epoch: this.#epochs.next(), head: 0, tail: [] };
    const room = this.#sequencer.openRoom(name, start);
    if (this.#rooms.has(name)) this.#sequencer.closeRoom(room);
    this.#rooms.set(name, room);
    return { ...this.#sequencer.startOf(room), tail: [] };
  }

  submit(name: string, draft: Draft, token: number): boolean {
    const room = this.#rooms.get(name);
    if (room === undefined) return false;
    this.#unsettled += 1;
    this.#sequencer.sequence(room, draft, token);
    if (this.#unsettled >= this.#unsettled_max) this.#sequencer.settle();
    return true;
  }

  decided({ token, offset, duplicate, accepted }: Verdict): void {
    this.#unsettled -= 1;
    if (accepted) this.#sink.acknowledged(token, offset, duplicate);
    else this.#sink.refused(token, 'unavailable', FULL_RETRY_MS);
  }

  async read(name: string, _range: Range, _limit: number): Promise<readonly MessageRecord[]> {
    if (!this.#rooms.has(name)) throw new UnavailableError('the room is not open');
    return [];
  }

  close(name: string): void {
    const room = this.#rooms.get(name);
    if (room === undefined) return;
    this.#rooms.delete(name);
    this.#sequencer.closeRoom(room);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const name of [...this.#rooms.keys()]) this.close(name);
  }
}
