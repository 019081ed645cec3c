import { Refusal } from '../errors.ts';
import { readId, readString } from '../protocol/fields.ts';
import { handler } from './handler.ts';

export const auth = handler(
  'auth',
  (fields) => {
    const token = readString(fields, 'token');
    if (token instanceof Refusal) return token;
    const id = readId(fields);
    return id instanceof Refusal ? id : { token, id };
  },
  ({ token, id }, session) => {
    if (session.joined.size > 0) return new Refusal('auth_after_join');
    const user = session.context.identities.verify(token);
    if (user instanceof Refusal) {
      session.refuse(user, { id });
      session.close(user.code === 'token_expired' ? 'token_expired' : 'token_invalid');
      return undefined;
    }
    session.become(user);
    session.welcome(id);
    return undefined;
  },
);
