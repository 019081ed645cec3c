import { expect } from 'bun:test';
import type { MessageRecord, TypingEvent } from '../../protocol/messages.ts';
import type { Message } from './fixture.ts';

/** Any time: the age of records is none of most tests' business. */
const TIMESTAMP_MS = 1_700_000_000_000;

export const recordAt = (offset: number, changes: Partial<MessageRecord> = {}): MessageRecord => ({
  offset,
  prev: offset - 1,
  from: 'ann',
  from_id: 'id of ann',
  text: `text ${offset}`,
  timestamp: TIMESTAMP_MS,
  ...changes,
});

/** Records `first` to `last`, without holes. */
export const run = (first: number, last: number): MessageRecord[] =>
  Array.from({ length: last - first + 1 }, (_, index) => recordAt(first + index));

/** Records at these offsets, each one's `prev` the one before; the first one's `prev` is `after`. */
export const chain = (after: number, offsets: readonly number[]): MessageRecord[] =>
  offsets.map((offset, index) => recordAt(offset, { prev: offsets[index - 1] ?? after }));

export const typing = (room: string, user: string): TypingEvent => ({
  type: 'typing',
  room,
  user,
  user_id: `id of ${user}`,
  status: 'started',
});

/** What members of `room` read, its fields in the protocol's order. */
export const wireOf = (room: string, record: MessageRecord): Message => {
  const { from, from_id, text, timestamp, offset, prev, id } = record;
  return {
    type: 'message',
    room,
    from,
    from_id,
    text,
    timestamp,
    offset,
    ...(prev === offset - 1 ? undefined : { prev }),
    ...(id === undefined ? undefined : { id }),
  };
};

/** How many bytes a record takes of every bound. */
export const sizeOf = (message: object): number => Buffer.byteLength(JSON.stringify(message));

/** The same messages, field for field and in the same order of fields. */
export function expectMessages(actual: readonly object[], expected: readonly object[]): void {
  expect(actual.map((message) => JSON.stringify(message))).toEqual(
    expected.map((message) => JSON.stringify(message)),
  );
}

export const offsetsOf = (messages: readonly Message[]): unknown[] =>
  messages.map((message) => message.offset);
