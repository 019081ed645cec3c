import { Refusal } from '../errors.ts';
import type { Fields } from '../protocol/encoding.ts';
import type { Session, SessionLimits } from '../session/session.ts';

/** Done, turned down, or waiting for the log; a promise that rejects with UnavailableError is turned down too. */
export type Outcome = Promise<Refusal | undefined> | Refusal | undefined;

/** One kind of client message. Its shape, its reading and its doing stand together in a file of its own. */
export interface Handler {
  readonly type: string;
  handle(fields: Fields, session: Session): Outcome;
}

/** Puts a reader and a doer together: nothing is done before all of it has been read. */
export const handler = <T>(
  type: string,
  parse: (fields: Fields, limits: SessionLimits) => T | Refusal,
  apply: (command: T, session: Session) => Outcome,
): Handler => ({
  type,
  handle(fields, session) {
    const command = parse(fields, session.context.limits);
    return command instanceof Refusal ? command : apply(command, session);
  },
});
