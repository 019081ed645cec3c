import type { ErrorMessage, ServerMessage } from '../server/protocol/messages.ts';
import { type Command, REPLY_TYPES, type Replies, type Request } from './commands.ts';
import { HubbubError } from './errors.ts';
import type { ClientLimits } from './options.ts';

type RequestName = keyof Replies;

export interface ReplyHandlers<Reply> {
  /** Runs before anything that followed the reply in its frame. */
  reply(reply: Reply): void;
  fail(error: HubbubError): void;
}

interface Waiting {
  readonly replyType: ServerMessage['type'];
  readonly timer: ReturnType<typeof setTimeout>;
  reply(message: ServerMessage): void;
  fail(error: HubbubError): void;
}

/** Requests and their replies, matched by `id`. Each ends: by reply, refusal, deadline or cut. */
export class Requests {
  readonly #limits: ClientLimits;
  readonly #send: (command: Command) => void;
  readonly #waiting = new Map<string, Waiting>();
  #count = 0;

  constructor(limits: ClientLimits, send: (command: Command) => void) {
    this.#limits = limits;
    this.#send = send;
  }

  issue<Name extends RequestName>(
    command: Extract<Request, { type: Name }>,
    handlers: ReplyHandlers<Replies[Name]>,
  ): void {
    if (this.#waiting.size >= this.#limits.requests_max) {
      handlers.fail(new HubbubError('requests_too_many'));
      return;
    }
    this.#count += 1;
    const id = `request-${this.#count}`;
    try {
      this.#send({ ...command, id });
    } catch (error) {
      if (!(error instanceof HubbubError)) throw error;
      handlers.fail(error);
      return;
    }
    const timer = setTimeout(
      () => this.#take(id)?.fail(new HubbubError('deadline')),
      this.#limits.answer_timeout_ms,
    );
    this.#waiting.set(id, {
      replyType: REPLY_TYPES[command.type],
      timer,
      reply: (message) => handlers.reply(message as Replies[Name]),
      fail: (error) => handlers.fail(error),
    });
  }

  ask<Name extends RequestName>(command: Extract<Request, { type: Name }>): Promise<Replies[Name]> {
    return new Promise((reply, fail) => this.issue<Name>(command, { reply, fail }));
  }

  /** @returns whether the message answered a request */
  settle(message: ServerMessage & { readonly id?: string }): boolean {
    const waiting = this.#take(message.id);
    if (waiting === undefined) return false;
    if (waiting.replyType === message.type) waiting.reply(message);
    else waiting.fail(new HubbubError('server_malformed'));
    return true;
  }

  /** @returns whether the error answered a request */
  refuse(refusal: ErrorMessage): boolean {
    const waiting = this.#take(refusal.id);
    waiting?.fail(HubbubError.from(refusal));
    return waiting !== undefined;
  }

  failAll(error: HubbubError): void {
    for (const id of [...this.#waiting.keys()]) this.#take(id)?.fail(error);
  }

  #take(id: string | undefined): Waiting | undefined {
    if (id === undefined) return undefined;
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return undefined;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    return waiting;
  }
}
