import { Refusal } from '../errors.ts';
import { readId } from '../protocol/fields.ts';
import { handler } from './handler.ts';
import { joinedRoom, readRoom } from './room_field.ts';

export const leave = handler(
  'leave',
  (fields, limits) => {
    const room = readRoom(fields, limits);
    if (room instanceof Refusal) return room;
    const id = readId(fields);
    return id instanceof Refusal ? id : { room, id };
  },
  ({ room: name, id }, session) => {
    const room = joinedRoom(session, name);
    if (room instanceof Refusal) return room;
    session.leave(room, id);
    return undefined;
  },
);
