/** The memory both sides hold, as `native/door/door.h` lays it out. */

export const AREAS = [
  'control',
  'requests',
  'rows',
  'text',
  'binary',
  'overruns',
  'verdicts',
  'users',
  'page',
] as const;
export type Area = (typeof AREAS)[number];

export const OPS = {
  append: 1,
  sequence: 2,
  broadcast: 3,
  close_room: 4,
  open_room: 5,
  join: 6,
  leave: 7,
  users: 8,
  history: 9,
  covers: 10,
  encode_page: 11,
  fill: 12,
  present: 13,
} as const;

/** A length that stands for "there is none". */
export const ABSENT = 0xffff_ffff;

/** Places in the control area, each a double. */
export const FIELDS = {
  consumed: 0,
  rows: 1,
  text_bytes: 2,
  binary_bytes: 3,
  overruns: 4,
  verdicts: 5,
  next_due_ms: 6,
  text_needed: 7,
  binary_needed: 8,
  page_needed: 9,
  users_needed: 10,
  room: 11,
  offset: 12,
  user_count: 13,
  before: 14,
  page_bytes: 15,
  page_count: 16,
  users_bytes: 17,
  flags: 18,
  refused: 19,
  status: 20,
  from: 21,
  to: 22,
  flush: 23,
  monotonic_ms: 24,
  wall_ms: 25,
} as const;
export const FIELD_COUNT = 26;

export const FLAGS = {
  arrived: 1,
  recovered: 2,
  departed: 4,
  more: 8,
  covered: 16,
  ascii: 32,
  users_missing: 64,
  present: 128,
} as const;

export const STATUS = {
  done: 0,
  more: 1,
  too_small: 2,
  closed: 3,
  absent: 4,
  full: 5,
  exhausted: 6,
  invalid: 7,
} as const;

export const STATUS_NAMES = Object.keys(STATUS);

export const COUNTERS = [
  'rooms',
  'members',
  'history_bytes',
  'records',
  'events',
  'duplicates_dropped',
  'rows',
  'deliveries',
  'overruns',
  'records_lost',
] as const;

export const ROW_BYTES = 24;
export const OVERRUN_BYTES = 16;
export const VERDICT_BYTES = 24;

/** Bun's buffers have these beside Node's documented ones: no encoding to look up at each call. */
export interface Bytes extends Buffer {
  utf8Write(text: string, offset: number): number;
  utf8Slice(start: number, end: number): string;
  latin1Slice(start: number, end: number): string;
}
