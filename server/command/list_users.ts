import { Refusal } from '../errors.ts';
import { readId, readOptionalInteger, readOptionalString } from '../protocol/fields.ts';
import { handler } from './handler.ts';
import { joinedRoom, readRoom } from './room_field.ts';

const LIMIT_MAX = 100;

export const listUsers = handler(
  'list_users',
  (fields, limits) => {
    const room = readRoom(fields, limits);
    if (room instanceof Refusal) return room;
    const limit = readOptionalInteger(fields, 'limit', 1, LIMIT_MAX);
    if (limit instanceof Refusal) return limit;
    const after = readOptionalString(fields, 'after');
    if (after instanceof Refusal) return after;
    const id = readId(fields);
    return id instanceof Refusal ? id : { room, limit: limit ?? LIMIT_MAX, after, id };
  },
  ({ room: name, limit, after, id }, session) => {
    const room = joinedRoom(session, name);
    if (room instanceof Refusal) return room;
    room.listUsers(session, limit, after, id);
    return undefined;
  },
);
