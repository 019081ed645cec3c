import { Refusal } from '../errors.ts';
import type { Right } from '../identity/permissions.ts';
import type { Fields } from '../protocol/encoding.ts';
import { read, readString } from '../protocol/fields.ts';
import type { Room } from '../room/room.ts';
import type { Session, SessionLimits } from '../session/session.ts';

/** The `room` of a message: the default room when it names none. */
export const readRoom = (fields: Fields, limits: SessionLimits): string | Refusal =>
  read(fields, 'room') === undefined ? limits.default_room : readString(fields, 'room');

export const joinedRoom = (session: Session, room: string): Room | Refusal =>
  session.joined.get(room) ?? new Refusal('not_joined');

/** A room this client is in and may do this in. */
export const permittedRoom = (session: Session, name: string, right: Right): Room | Refusal => {
  const room = joinedRoom(session, name);
  if (room instanceof Refusal || session.may(right, name)) return room;
  return new Refusal('forbidden');
};
