import type { Draft, MessageRecord } from '../protocol/messages.ts';
import type { PublishId, RoomAppend } from './engine.ts';
import type { Subscriber } from './group_commit_options.ts';
import { publishKey } from './idempotency.ts';
import { recordOf } from './record.ts';

/** A room somebody has open, or that a publish still waits in. */
export interface LiveRoom {
  readonly room_id: number;
  readonly name: string;
  readonly epoch: string;
  /** The newest offset that is committed. */
  head: number;
  readonly subscribers: Set<Subscriber>;
  /** Publishes that are not answered. */
  pending: number;
}

/** A publish on its way into the database. */
export interface Publish {
  readonly subscriber: Subscriber;
  readonly room: LiveRoom;
  readonly draft: Draft;
  readonly token: number;
}

interface Placed {
  readonly publish: Publish;
  readonly offset: number;
  readonly isDuplicate: boolean;
}

/** Publishes that are committed together, each at its place in its room. */
export class Batch {
  readonly publishes: readonly Publish[];
  readonly #placed: Placed[] = [];
  readonly #rooms = new Map<LiveRoom, MessageRecord[]>();

  /** @param known offsets of those that have a record already, in the order of `idsOf` */
  constructor(
    publishes: readonly Publish[],
    known: readonly (number | undefined)[],
    timestamp: number,
  ) {
    this.publishes = publishes;
    const placed = new Map<string, number>();
    let next_id = 0;
    for (const publish of publishes) {
      const { room, draft } = publish;
      const before = draft.id === undefined ? undefined : known[next_id++];
      const key = draft.id === undefined ? undefined : keyOf(publish, draft.id);
      const offset = before ?? (key === undefined ? undefined : placed.get(key));
      if (offset !== undefined) {
        this.#placed.push({ publish, offset, isDuplicate: true });
        continue;
      }
      const fresh = this.#place(room, draft, timestamp);
      if (key !== undefined) placed.set(key, fresh);
      this.#placed.push({ publish, offset: fresh, isDuplicate: false });
    }
  }

  /** What is new of it. */
  get appends(): readonly RoomAppend[] {
    return Array.from(this.#rooms, ([{ room_id, name }, records]) => ({ room_id, name, records }));
  }

  /** A batch is there whole or not at all: this record tells. */
  get witness(): { readonly room_id: number; readonly record: MessageRecord } | undefined {
    for (const [{ room_id }, [record]] of this.#rooms) {
      if (record !== undefined) return { room_id, record };
    }
    return undefined;
  }

  /** It is committed. @returns what is new, room by room */
  advance(): ReadonlyMap<LiveRoom, readonly MessageRecord[]> {
    for (const [room, records] of this.#rooms) room.head = records.at(-1)?.offset ?? room.head;
    return this.#rooms;
  }

  /** Triples of token, offset and duplicate for each subscriber. */
  answers(): ReadonlyMap<Subscriber, readonly number[]> {
    const answers = new Map<Subscriber, number[]>();
    for (const { publish, offset, isDuplicate } of this.#placed) {
      const triples = answers.get(publish.subscriber) ?? [];
      triples.push(publish.token, offset, isDuplicate ? 1 : 0);
      answers.set(publish.subscriber, triples);
    }
    return answers;
  }

  #place(room: LiveRoom, draft: Draft, timestamp: number): number {
    const records = this.#rooms.get(room) ?? [];
    this.#rooms.set(room, records);
    const prev = records.at(-1)?.offset ?? room.head;
    records.push(recordOf(draft, prev + 1, prev, timestamp));
    return prev + 1;
  }
}

/** What the database is asked about before a batch is made. */
export const idsOf = (publishes: readonly Publish[]): readonly PublishId[] =>
  publishes.flatMap(({ room: { room_id }, draft: { from_id, id } }) =>
    id === undefined ? [] : [{ room_id, from_id, id }],
  );

/** Tokens by who waits for them. */
export function tokensOf(
  publishes: readonly Publish[],
): ReadonlyMap<Subscriber, readonly number[]> {
  const tokens = new Map<Subscriber, number[]>();
  for (const { subscriber, token } of publishes) {
    const own = tokens.get(subscriber) ?? [];
    own.push(token);
    tokens.set(subscriber, own);
  }
  return tokens;
}

const keyOf = ({ room, draft }: Publish, id: string): string =>
  `${room.room_id}:${publishKey(draft.from_id, id)}`;
