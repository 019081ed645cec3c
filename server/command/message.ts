import { Refusal } from '../errors.ts';
import type { Message } from '../protocol/commands.ts';
import { readId, readString } from '../protocol/fields.ts';
import { handler } from './handler.ts';
import { permittedRoom, readRoom } from './room_field.ts';

/** A client that goes on past its backlog after reading has stopped is told to wait for the log. */
const BACKLOG_FACTOR = 2;
const BACKLOG_RETRY_MS = 100;

/** A UTF-16 unit takes three bytes of UTF-8 at the most: short texts need no counting. */
const fits = (text: string, bytes_max: number): boolean =>
  text.length * 3 <= bytes_max ||
  (text.length <= bytes_max && Buffer.byteLength(text) <= bytes_max);

const messageHandler = (type: Message['type']) =>
  handler(
    type,
    (fields, limits) => {
      const room = readRoom(fields, limits);
      if (room instanceof Refusal) return room;
      const text = readString(fields, 'text');
      if (text instanceof Refusal) return text;
      if (!fits(text, limits.text_bytes_max)) return new Refusal('text_too_large');
      const id = readId(fields);
      return id instanceof Refusal ? id : { room, text, id };
    },
    ({ room: name, text, id }, session) => {
      const room = permittedRoom(session, name, 'publish');
      if (room instanceof Refusal) return room;
      if (session.inFlight >= session.context.limits.publishes_in_flight_max * BACKLOG_FACTOR) {
        return new Refusal('rate_limited', undefined, BACKLOG_RETRY_MS);
      }
      room.publish(session, text, id);
      return undefined;
    },
  );

export const message = messageHandler('message');
export const chat = messageHandler('chat');
