import { Refusal } from '../errors.ts';
import type { Identity } from '../identity/identity.ts';
import { readId, readString } from '../protocol/fields.ts';
import type { Session } from '../session/session.ts';
import { handler, type Outcome } from './handler.ts';

export const auth = handler(
  'auth',
  (fields) => {
    const token = readString(fields, 'token');
    if (token instanceof Refusal) return token;
    const id = readId(fields);
    return id instanceof Refusal ? id : { token, id };
  },
  ({ token, id }, session): Outcome => {
    const { authenticator } = session.context;
    if (session.joined.size > 0 && !authenticator.canExtend(token)) {
      return new Refusal('auth_after_join');
    }
    const verdict = authenticator.verify(token);
    if (!(verdict instanceof Promise)) return settle(session, verdict, id);
    return verdict.then((known) => settle(session, known, id));
  },
);

function settle(
  session: Session,
  verdict: Identity | Refusal,
  id: string | undefined,
): Refusal | undefined {
  if (!session.isOpen) return undefined;
  if (verdict instanceof Refusal) {
    // Nobody knows yet: whoever this is stays who they were.
    if (verdict.code === 'unavailable') return verdict;
    session.refuse(verdict, { id });
    session.close(verdict.code === 'token_expired' ? 'token_expired' : 'token_invalid');
    return undefined;
  }
  const isAnother = verdict.user.user_id !== session.identity?.user.user_id;
  if (session.joined.size > 0 && isAnother) return new Refusal('auth_after_join');
  session.identify(verdict, id);
  return undefined;
}
