import type { Joined, Position, RoomMessage, User } from '../../server/protocol/messages.ts';

export interface Published {
  readonly offset: number;
  readonly duplicate: boolean;
  /** Absent for a duplicate. */
  readonly record?: RoomMessage;
}

/** One room of the peer: its order, what it remembers of it, and how it answers `since`. */
export class FakeRoom {
  readonly name: string;
  epoch: string;
  records: RoomMessage[] = [];
  /** How many records back a replay may begin. */
  history_max = Number.POSITIVE_INFINITY;
  /** How far the next offset lies from the last one; more than 1 makes holes, told by `prev`. */
  step: () => number = () => 1;
  #head = 0;
  readonly #ids = new Map<string, number>();

  constructor(name: string, epoch: string) {
    this.name = name;
    this.epoch = epoch;
  }

  get head(): number {
    return this.#head;
  }

  /** Offsets, history and known ids begin anew. */
  reset(epoch: string): void {
    this.epoch = epoch;
    this.records = [];
    this.#head = 0;
    this.#ids.clear();
  }

  publish(user: User, text: string, id?: string): Published {
    const key = id === undefined ? undefined : `${user.user_id} ${id}`;
    const known = key === undefined ? undefined : this.#ids.get(key);
    if (known !== undefined) return { offset: known, duplicate: true };
    const prev = this.#head;
    const offset = prev + this.step();
    this.#head = offset;
    if (key !== undefined) this.#ids.set(key, offset);
    const record: RoomMessage = {
      type: 'message',
      room: this.name,
      from: user.username,
      from_id: user.user_id,
      text,
      timestamp: Date.now(),
      offset,
      ...(prev === offset - 1 ? undefined : { prev }),
      ...(id === undefined ? undefined : { id }),
    };
    this.records.push(record);
    return { offset, duplicate: false, record };
  }

  joined(users: readonly User[], since: Position | undefined, id: string | undefined): Joined {
    return {
      type: 'joined',
      room: this.name,
      epoch: this.epoch,
      offset: this.#head,
      users,
      user_count: users.length,
      ...(since === undefined ? undefined : this.#recover(since)),
      ...(id === undefined ? undefined : { id }),
    };
  }

  #recover({ epoch, offset }: Position): Pick<Joined, 'recovered' | 'messages'> {
    const remembered = this.records.slice(-Math.min(this.history_max, this.records.length));
    const missed = this.records.filter((record) => record.offset > offset);
    const recovered = epoch === this.epoch && missed.length <= this.history_max;
    return { recovered, messages: recovered ? missed : remembered };
  }
}
