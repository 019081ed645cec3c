export interface OutboxEntry {
  readonly id: string;
  readonly room: string;
  readonly text: string;
  /** Of `text`, in UTF-8. */
  readonly bytes: number;
}

export interface OutboxLimits {
  readonly outbox_messages_max: number;
  readonly outbox_bytes_max: number;
  readonly in_flight_max: number;
}

interface Lane<Entry> {
  /** Not sent yet, or to be sent again, in the order of `add`. */
  waiting: Entry[];
  /** Sent, no answer yet, in the order they were sent. */
  readonly inFlight: Map<string, Entry>;
  /** Refused for now. Back into `waiting` when nothing is in flight, so that all keep their order. */
  readonly refused: Set<string>;
  paused_until: number;
}

/**
 * Messages on their way, bounded, one lane a room. Pure: times come in.
 *
 * A lane sends in order and has at most `in_flight_max` unanswered. After a cut everything
 * unanswered goes out again first, in its order. After a temporary refusal the lane waits until the
 * rest of its flight has landed and the pause is over; what was accepted behind the refused one
 * stays ahead of it, unless `in_flight_max` is 1.
 */
export class Outbox<Entry extends OutboxEntry> {
  readonly #limits: OutboxLimits;
  readonly #entries = new Map<string, Entry>();
  /** In the order of their turn: who sent last stands last. */
  readonly #lanes = new Map<string, Lane<Entry>>();
  #bytes = 0;

  constructor(limits: OutboxLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @returns false when there is no room for it */
  add(entry: Entry): boolean {
    const { outbox_messages_max, outbox_bytes_max } = this.#limits;
    if (this.size >= outbox_messages_max || this.#bytes + entry.bytes > outbox_bytes_max) {
      return false;
    }
    this.#entries.set(entry.id, entry);
    this.#bytes += entry.bytes;
    this.#lane(entry.room).waiting.push(entry);
    return true;
  }

  /** The next message to send, now in flight. `ready` tells which rooms can take one. */
  next(now: number, ready: (room: string) => boolean): Entry | undefined {
    for (const [room, lane] of this.#lanes) {
      if (!this.#mayGo(lane, now) || !ready(room)) continue;
      const entry = lane.waiting.shift();
      if (entry === undefined) continue;
      lane.inFlight.set(entry.id, entry);
      this.#lanes.delete(room);
      this.#lanes.set(room, lane);
      return entry;
    }
    return undefined;
  }

  /** It is settled, one way or the other. */
  remove(id: string): Entry | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    this.#entries.delete(id);
    this.#bytes -= entry.bytes;
    const lane = this.#lane(entry.room);
    if (lane.inFlight.delete(id)) this.#land(lane);
    else lane.waiting = lane.waiting.filter((one) => one !== entry);
    if (lane.waiting.length + lane.inFlight.size === 0) this.#lanes.delete(entry.room);
    return entry;
  }

  /** It was refused for now, and its lane rests until `resume_at`. */
  refuse(id: string, resume_at: number): Entry | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined || !this.isInFlight(id)) return undefined;
    const lane = this.#lane(entry.room);
    lane.refused.add(id);
    lane.paused_until = Math.max(lane.paused_until, resume_at);
    this.#land(lane);
    return entry;
  }

  /** The connection is gone. @returns what was in flight; it waits now, ahead of the rest. */
  disconnected(): readonly Entry[] {
    const unanswered: Entry[] = [];
    for (const lane of this.#lanes.values()) {
      for (const [id, entry] of lane.inFlight) if (!lane.refused.has(id)) unanswered.push(entry);
      this.#ground(lane);
    }
    return unanswered;
  }

  inRoom(room: string): readonly Entry[] {
    const lane = this.#lanes.get(room);
    return lane === undefined ? [] : [...lane.inFlight.values(), ...lane.waiting];
  }

  all(): readonly Entry[] {
    return [...this.#entries.values()];
  }

  /** Whether its last send is unanswered. */
  isInFlight(id: string): boolean {
    const entry = this.#entries.get(id);
    const lane = entry === undefined ? undefined : this.#lanes.get(entry.room);
    return lane?.inFlight.has(id) === true && !lane.refused.has(id);
  }

  /**
   * @returns how long until time alone lets `next` answer something, 0 when it would now, undefined
   * when it takes an answer, a room, or a new message
   */
  wait_ms(now: number, ready: (room: string) => boolean): number | undefined {
    let wait_ms: number | undefined;
    for (const [room, lane] of this.#lanes) {
      if (!this.#mayGo(lane, Number.POSITIVE_INFINITY) || !ready(room)) continue;
      const lane_ms = Math.max(0, lane.paused_until - now);
      wait_ms = Math.min(wait_ms ?? lane_ms, lane_ms);
    }
    return wait_ms;
  }

  #mayGo(lane: Lane<Entry>, now: number): boolean {
    return (
      lane.waiting.length > 0 &&
      lane.refused.size === 0 &&
      lane.paused_until <= now &&
      lane.inFlight.size < this.#limits.in_flight_max
    );
  }

  /** When only refused ones are left of a flight, they go back to the front. */
  #land(lane: Lane<Entry>): void {
    for (const id of lane.refused) if (!lane.inFlight.has(id)) lane.refused.delete(id);
    if (lane.refused.size > 0 && lane.refused.size === lane.inFlight.size) this.#ground(lane);
  }

  #ground(lane: Lane<Entry>): void {
    lane.waiting = [...lane.inFlight.values(), ...lane.waiting];
    lane.inFlight.clear();
    lane.refused.clear();
  }

  #lane(room: string): Lane<Entry> {
    const existing = this.#lanes.get(room);
    if (existing !== undefined) return existing;
    const lane: Lane<Entry> = {
      waiting: [],
      inFlight: new Map(),
      refused: new Set(),
      paused_until: 0,
    };
    this.#lanes.set(room, lane);
    return lane;
  }
}
