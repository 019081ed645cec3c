import { Refusal } from '../errors.ts';
import { readId, readOptionalPosition } from '../protocol/fields.ts';
import type { Room, Since } from '../room/room.ts';
import type { Session } from '../session/session.ts';
import { handler, type Outcome } from './handler.ts';
import { readRoom } from './room_field.ts';

export const join = handler(
  'join',
  (fields, limits) => {
    const room = readRoom(fields, limits);
    if (room instanceof Refusal) return room;
    const since = readOptionalPosition(fields, 'since');
    if (since instanceof Refusal) return since;
    const id = readId(fields);
    return id instanceof Refusal ? id : { room, since, id };
  },
  ({ room: name, since, id }, session): Outcome => {
    const { rooms, limits } = session.context;
    if (session.identity === undefined) return new Refusal('auth_required');
    if (!session.may('join', name)) return new Refusal('forbidden');
    if (!session.joined.has(name) && session.joined.size >= limits.rooms_per_connection_max) {
      return new Refusal('rooms_too_many');
    }
    const room = rooms.enter(name);
    if (room instanceof Refusal) return room;
    const from = since !== undefined && !session.may('history', name) ? 'withheld' : since;
    if (room instanceof Promise) return room.then((live) => enter(session, live, from, id));
    return enter(session, room, from, id);
  },
);

const enter = (
  session: Session,
  room: Room,
  since: Since,
  id: string | undefined,
): Promise<undefined> | undefined =>
  session.isOpen ? room.join(session, since, id)?.then(() => undefined) : undefined;
