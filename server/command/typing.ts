import { Refusal } from '../errors.ts';
import { readOneOf } from '../protocol/fields.ts';
import { handler } from './handler.ts';
import { permittedRoom, readRoom } from './room_field.ts';

const STATUSES = ['started', 'stopped'] as const;

export const typing = handler(
  'typing',
  (fields, limits) => {
    const room = readRoom(fields, limits);
    if (room instanceof Refusal) return room;
    const status = readOneOf(fields, 'status', STATUSES);
    return status instanceof Refusal ? status : { room, status };
  },
  ({ room: name, status }, session) => {
    const room = permittedRoom(session, name, 'publish');
    if (room instanceof Refusal) return room;
    room.announceTyping(session, status);
    return undefined;
  },
);
