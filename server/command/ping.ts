import { Refusal } from '../errors.ts';
import { readId } from '../protocol/fields.ts';
import { handler } from './handler.ts';

export const ping = handler(
  'ping',
  (fields) => {
    const id = readId(fields);
    return id instanceof Refusal ? id : { id };
  },
  ({ id }, session) => {
    session.reply(id === undefined ? { type: 'pong' } : { type: 'pong', id });
    return undefined;
  },
);
