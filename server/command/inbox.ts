import { Refusal, UnavailableError } from '../errors.ts';
import { decodeFrame, type Fields, isBinary } from '../protocol/encoding.ts';
import { read } from '../protocol/fields.ts';
import type { Session } from '../session/session.ts';
import { auth } from './auth.ts';
import type { Handler, Outcome } from './handler.ts';
import { history } from './history.ts';
import { join } from './join.ts';
import { leave } from './leave.ts';
import { listUsers } from './list_users.ts';
import { chat, message } from './message.ts';
import { ping } from './ping.ts';
import { typing } from './typing.ts';

const HANDLERS: ReadonlyMap<unknown, Handler> = new Map(
  [auth, chat, history, join, leave, listUsers, message, ping, typing].map((one) => [
    one.type,
    one,
  ]),
);

/** Messages that may wait while one of them waits for the log; reading has stopped by then. */
const WAITING_MAX = 4_096;

const UNAVAILABLE_RETRY_MS = 1_000;

/**
 * What one client sends, in the order it was sent: decoded, admitted, done. While a message waits for
 * the log the ones behind it wait too, and nothing more is read from the socket.
 */
export class Inbox {
  readonly #session: Session;
  readonly #owner: { failed(error: unknown): void };
  #waiting: Fields[] | undefined;

  /** @param owner told of what should never happen: an error that is nobody's refusal */
  constructor(session: Session, owner: { failed(error: unknown): void }) {
    this.#session = session;
    this.#owner = owner;
  }

  receive(frame: string | Uint8Array): void {
    const session = this.#session;
    if ((typeof frame !== 'string') !== isBinary(session.encoding)) {
      session.close('wrong_frame_kind');
      return;
    }
    const messages = decodeFrame(session.encoding, frame);
    if (messages === undefined) {
      this.#refuseMalformed(new Refusal('malformed'), {});
      return;
    }
    for (const fields of messages) this.handle(fields);
  }

  /** A ping or a pong is worth a command: keepalive needs one now and then, not a stream of them. */
  receiveControl(): void {
    const { conduct } = this.#session;
    const now_ms = performance.now();
    if (conduct.admitCommand(now_ms) > 0) this.#closeIf(conduct.noteRefusal(now_ms));
  }

  /** Takes one decoded message, after those that came before it. */
  handle(fields: Fields): void {
    if (!this.#session.isOpen) return;
    if (this.#waiting === undefined) {
      this.#begin(fields);
    } else if (this.#waiting.length < WAITING_MAX) {
      this.#waiting.push(fields);
    } else {
      this.#session.close('too_many');
    }
  }

  /** Takes one that comes before all that wait. */
  handleFirst(fields: Fields): void {
    if (this.#waiting === undefined) this.handle(fields);
    else this.#waiting.unshift(fields);
  }

  #begin(fields: Fields): void {
    const outcome = this.#admit(fields);
    if (outcome instanceof Promise) this.#wait(outcome, fields);
    else if (outcome !== undefined) this.#refuse(outcome, fields);
  }

  #admit(fields: Fields): Outcome {
    const { conduct, context } = this.#session;
    const handler = HANDLERS.get(read(fields, 'type'));
    const now_ms = performance.now();
    let wait_ms: number;
    if (handler === message || handler === chat) {
      context.counters.messages_received += 1;
      wait_ms = conduct.admitMessage(now_ms);
    } else {
      context.counters.commands_received += 1;
      wait_ms = conduct.admitCommand(now_ms);
    }
    if (wait_ms > 0) return new Refusal('rate_limited', undefined, wait_ms);
    return handler === undefined
      ? new Refusal('unknown_type')
      : handler.handle(fields, this.#session);
  }

  #wait(outcome: Promise<Refusal | undefined>, fields: Fields): void {
    this.#waiting = [];
    this.#session.hold();
    outcome
      .catch((error: unknown) => {
        if (!(error instanceof UnavailableError)) throw error;
        return new Refusal('unavailable', undefined, UNAVAILABLE_RETRY_MS);
      })
      .then((refusal) => {
        if (refusal !== undefined) this.#refuse(refusal, fields);
        this.#resume();
      })
      .catch((error: unknown) => this.#owner.failed(error));
  }

  #resume(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    this.#session.release();
    for (const fields of waiting) this.handle(fields);
  }

  #refuse(refusal: Refusal, fields: Fields): void {
    const request = { id: read(fields, 'id'), room: read(fields, 'room') };
    if (refusal.code === 'rate_limited') {
      this.#session.context.counters.rate_limited += 1;
      this.#session.refuse(refusal, request);
      this.#closeIf(this.#session.conduct.noteRefusal(performance.now()));
    } else if (refusal.code === 'unknown_type' || refusal.code === 'invalid_field') {
      this.#refuseMalformed(refusal, request);
    } else {
      this.#session.refuse(refusal, request);
      if (refusal.code !== 'forbidden') return;
      this.#closeIf(this.#session.conduct.noteForbidden(performance.now()));
    }
  }

  #refuseMalformed(refusal: Refusal, request: { readonly id?: unknown; readonly room?: unknown }) {
    this.#session.context.counters.malformed += 1;
    this.#session.refuse(refusal, request);
    this.#closeIf(this.#session.conduct.noteMalformed(performance.now()));
  }

  #closeIf(reason: ReturnType<Session['conduct']['noteMalformed']>): void {
    if (reason !== undefined) this.#session.close(reason);
  }
}
