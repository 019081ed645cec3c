import type { Joined, Position, RoomMessage } from '../server/protocol/messages.ts';

/** Records that were, or may have been, and will not be delivered. Comes before what follows them. */
export interface Gap {
  readonly room: string;
  /**
   * - `lost`: the records from `first` to `last` (as far as there were any) are not to be had;
   * - `epoch_changed`: the room's offsets began anew, what the old epoch still got is unknown;
   * - `not_proven`: the server could not prove that nothing is missing, and nothing is known to be.
   */
  readonly reason: 'lost' | 'epoch_changed' | 'not_proven';
  /** The record delivered last before it. */
  readonly after: Position;
  /** The room's epoch now. */
  readonly epoch: string;
  readonly lost?: { readonly first: number; readonly last: number };
}

export type RoomEvent =
  | { readonly kind: 'message'; readonly message: RoomMessage }
  | { readonly kind: 'gap'; readonly gap: Gap };

/** What a live record turned out to be. */
export type Reception = 'deliver' | 'drop' | 'gap';

/**
 * A client's place in one room's order. Pure. Whatever comes twice, late, or not at all, each record
 * leaves it once and in order, or a gap is told.
 *
 * A live record that does not follow the last one is held, with what comes after it, until the
 * answer to a new `join` brings what was missing. The answer covers everything sent before it.
 */
export class RoomState {
  readonly #room: string;
  readonly #held_max: number;
  #position: Position | undefined;
  /**
   * `detached`: not joined on this connection, live records mean nothing; `live`: in order;
   * `behind`: something is missing and has been asked for.
   */
  #phase: 'detached' | 'live' | 'behind' = 'detached';
  #held: RoomMessage[] = [];

  constructor(room: string, since: Position | undefined, held_max: number) {
    this.#room = room;
    this.#position = since;
    this.#held_max = held_max;
  }

  /** What to join `since`. Undefined before the first join. */
  get position(): Position | undefined {
    return this.#position;
  }

  /** The connection is gone. What is held stays of use while the epoch does. */
  detach(): void {
    this.#phase = 'detached';
  }

  /** Takes a live record. On `gap` the caller joins again; on `deliver` it hands the record on. */
  receive(message: RoomMessage): Reception {
    const position = this.#position;
    if (this.#phase === 'detached' || position === undefined) return 'drop';
    if (message.offset <= position.offset) return 'drop';
    if (this.#phase === 'behind') {
      this.#hold(message);
      return 'drop';
    }
    if (previousOf(message) !== position.offset) {
      this.#phase = 'behind';
      this.#hold(message);
      return 'gap';
    }
    this.#position = { epoch: position.epoch, offset: message.offset };
    return 'deliver';
  }

  /** Takes the answer to a join. @returns what to hand on, in order */
  joined(answer: Joined): readonly RoomEvent[] {
    const before = this.#position;
    const replay = answer.messages ?? [];
    const continues = before?.epoch === answer.epoch;
    const records = inOrder(continues ? [...this.#held, ...replay] : replay);
    this.#held = [];
    this.#phase = 'live';
    const walk = new Walk(this.#room, answer.epoch, continues ? before.offset : undefined);
    for (const record of records) walk.take(record);
    walk.finish(answer.offset);
    this.#position = { epoch: answer.epoch, offset: walk.offset };
    if (before === undefined) return walk.events;
    const reason = continues ? 'not_proven' : 'epoch_changed';
    const told = continues && (answer.recovered !== false || walk.lost);
    if (told) return walk.events;
    const gap: Gap = { room: this.#room, reason, after: before, epoch: answer.epoch };
    return [{ kind: 'gap', gap }, ...walk.events];
  }

  /** Past the bound the oldest go: the answer's own records are the newest ones. */
  #hold(message: RoomMessage): void {
    if (this.#held.length >= this.#held_max) this.#held.shift();
    this.#held.push(message);
  }
}

/** Follows the chain of `prev` over records in order, and tells where it breaks. */
class Walk {
  readonly events: RoomEvent[] = [];
  lost = false;
  readonly #room: string;
  readonly #epoch: string;
  /** Undefined until the first record, where no offset is known to follow. */
  #offset: number | undefined;

  constructor(room: string, epoch: string, offset: number | undefined) {
    this.#room = room;
    this.#epoch = epoch;
    this.#offset = offset;
  }

  get offset(): number {
    return this.#offset ?? 0;
  }

  take(message: RoomMessage): void {
    if (this.#offset !== undefined) {
      if (message.offset <= this.#offset) return;
      this.#lose(this.#offset, previousOf(message));
    }
    this.events.push({ kind: 'message', message });
    this.#offset = message.offset;
  }

  /** The room's head is at `head`: records up to it that were not here are lost too. */
  finish(head: number): void {
    if (this.#offset !== undefined) this.#lose(this.#offset, head);
    this.#offset = Math.max(this.#offset ?? 0, head);
  }

  #lose(after: number, last: number): void {
    if (last <= after) return;
    this.lost = true;
    const gap: Gap = {
      room: this.#room,
      reason: 'lost',
      after: { epoch: this.#epoch, offset: after },
      epoch: this.#epoch,
      lost: { first: after + 1, last },
    };
    this.events.push({ kind: 'gap', gap });
  }
}

/** `prev` is on the wire only where it is not the offset before. */
const previousOf = (message: RoomMessage): number => message.prev ?? message.offset - 1;

const inOrder = (messages: readonly RoomMessage[]): readonly RoomMessage[] =>
  [...messages].sort((a, b) => a.offset - b.offset);
