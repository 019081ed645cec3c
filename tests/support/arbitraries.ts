/** What the server may say, and MessagePack in every form it may be written in, for fast-check. */
import fc from 'fast-check';
import { ERRORS, type ErrorCode } from '../../server/errors.ts';
import type {
  MessageRecord,
  PageHead,
  Reply,
  User,
  VolatileEvent,
} from '../../server/protocol/messages.ts';

/** Well-formed Unicode, control characters and all. */
export const words = fc.string({ unit: 'binary' });
const counts = fc.maxSafeNat();
const users: fc.Arbitrary<User> = fc.record({ user_id: words, username: words });
const lists = fc.array(users, { maxLength: 5 });

/** `T` with or without each of the keys that may be absent. */
const partly = <T>(model: { [K in keyof T]-?: fc.Arbitrary<T[K]> }, ...optional: (keyof T)[]) =>
  fc.record(model, {
    requiredKeys: (Object.keys(model) as (keyof T)[]).filter((key) => !optional.includes(key)),
  }) as unknown as fc.Arbitrary<T>;

/** Records anywhere in an order, with or without a hole before them. */
export const records: fc.Arbitrary<MessageRecord> = partly<
  Required<MessageRecord> & { readonly hole: number }
>(
  {
    offset: fc.constant(0),
    prev: fc.maxSafeNat().map((prev) => Math.max(0, prev - 10)),
    hole: fc.constantFrom(0, 0, 1, 9),
    from: words,
    from_id: words,
    text: words,
    timestamp: counts,
    id: words,
  },
  'id',
).map(({ hole, ...record }) => ({ ...record, offset: record.prev + 1 + hole }));

const welcomes = partly<Extract<Reply, { type: 'welcome' }>>(
  {
    type: fc.constant('welcome'),
    user_id: words,
    username: words,
    session: words,
    protocol: words,
    ping_interval_ms: counts,
    default_room: words,
    limits: fc.record({
      messages_per_second: counts,
      message_burst: counts,
      commands_per_second: counts,
      command_burst: counts,
      text_bytes_max: counts,
      frame_bytes_max: counts,
      rooms_per_connection_max: counts,
      room_name_bytes_max: counts,
      history_limit_max: counts,
    }),
    id: words,
  },
  'id',
);

const errors = partly<Extract<Reply, { type: 'error' }>>(
  {
    type: fc.constant('error'),
    code: fc.constantFrom(...(Object.keys(ERRORS) as ErrorCode[])),
    message: words,
    temporary: fc.boolean(),
    room: words,
    id: words,
    retry_after_ms: counts,
  },
  'room',
  'id',
  'retry_after_ms',
);

/** Every kind of reply. */
export const replies: fc.Arbitrary<Reply> = fc.oneof(
  welcomes,
  errors,
  partly<Extract<Reply, { type: 'left' }>>(
    { type: fc.constant('left'), room: words, id: words },
    'id',
  ),
  partly<Extract<Reply, { type: 'ack' }>>(
    {
      type: fc.constant('ack'),
      id: words,
      room: words,
      offset: counts,
      duplicate: fc.constant(true),
    },
    'duplicate',
  ),
  partly<Extract<Reply, { type: 'users' }>>(
    {
      type: fc.constant('users'),
      room: words,
      users: lists,
      user_count: counts,
      next: words,
      id: words,
    },
    'next',
    'id',
  ),
  partly<Extract<Reply, { type: 'pong' }>>({ type: fc.constant('pong'), id: words }, 'id'),
  fc.record({
    type: fc.constant('reconnect'),
    after_ms: counts,
    jitter_ms: counts,
    reason: words,
  }),
);

/** Every kind of event without a place in the history. */
export const events: fc.Arbitrary<VolatileEvent> = fc.oneof(
  fc.record({
    type: fc.constant('presence'),
    room: words,
    user: words,
    user_id: words,
    status: fc.constantFrom('online', 'offline'),
  }),
  fc.record({
    type: fc.constant('presence'),
    room: words,
    joined: lists,
    left: lists,
    count: counts,
  }),
  fc.record({
    type: fc.constant('typing'),
    room: words,
    user: words,
    user_id: words,
    status: fc.constantFrom('started', 'stopped'),
  }),
);

/** Answers that a page of records is spliced into. */
export const pageHeads: fc.Arbitrary<PageHead> = fc.oneof(
  partly<Extract<PageHead, { type: 'joined' }>>(
    {
      type: fc.constant('joined'),
      room: words,
      epoch: words,
      offset: counts,
      users: lists,
      user_count: counts,
      recovered: fc.boolean(),
      id: words,
    },
    'recovered',
    'id',
  ),
  partly<Extract<PageHead, { type: 'history' }>>(
    {
      type: fc.constant('history'),
      room: words,
      epoch: words,
      more: fc.boolean(),
      id: words,
    },
    'id',
  ),
);
