import { Refusal } from '../errors.ts';
import { readId, readOptionalInteger } from '../protocol/fields.ts';
import { HISTORY_LIMIT_MAX } from '../session/session.ts';
import { handler } from './handler.ts';
import { permittedRoom, readRoom } from './room_field.ts';

/** The last offset there can be is 2^53 - 1, and the page without `before` has to reach it. */
const PAST_EVERY_OFFSET = Number.MAX_SAFE_INTEGER + 1;

export const history = handler(
  'history',
  (fields, limits) => {
    const room = readRoom(fields, limits);
    if (room instanceof Refusal) return room;
    const limit = readOptionalInteger(fields, 'limit', 1, HISTORY_LIMIT_MAX);
    if (limit instanceof Refusal) return limit;
    const before = readOptionalInteger(fields, 'before', 1, Number.MAX_SAFE_INTEGER);
    if (before instanceof Refusal) return before;
    const id = readId(fields);
    if (id instanceof Refusal) return id;
    return {
      room,
      limit: limit ?? HISTORY_LIMIT_MAX,
      before: before ?? PAST_EVERY_OFFSET,
      id,
    };
  },
  ({ room: name, before, limit, id }, session) => {
    const room = permittedRoom(session, name, 'history');
    if (room instanceof Refusal) return room;
    return room.history(session, before, limit, id)?.then(() => undefined);
  },
);
