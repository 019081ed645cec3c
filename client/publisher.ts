import type { Ack, ErrorMessage, Welcome } from '../server/protocol/messages.ts';
import { Backoff, clampDelay } from './backoff.ts';
import type { MessageCommand } from './commands.ts';
import { HubbubError } from './errors.ts';
import type { ClientLimits } from './options.ts';
import { Outbox } from './outbox.ts';
import { Pacer } from './pacer.ts';
import { Publication, type Receipt, type SendOptions } from './publication.ts';

export interface PublisherSettings {
  readonly limits: ClientLimits;
  readonly random: () => number;
  /** @throws HubbubError when the message cannot go out */
  readonly send: (command: MessageCommand) => void;
  /** The room's epoch, undefined while it is not joined on this connection. */
  readonly epochOf: (room: string) => string | undefined;
}

const utf8 = new TextEncoder();

/** Sends messages until the room has acknowledged them, each under one id however often. */
export class Publisher {
  readonly #settings: PublisherSettings;
  readonly #outbox: Outbox<Publication>;
  readonly #pacer = new Pacer();
  /** For refusals that do not say how long to wait. */
  readonly #backoff: Backoff;
  readonly #idPrefix = randomPrefix();
  readonly #ready = (room: string): boolean => this.#settings.epochOf(room) !== undefined;
  #count = 0;
  #welcome: Welcome | undefined;
  #online = false;
  #wake: ReturnType<typeof setTimeout> | undefined;

  constructor(settings: PublisherSettings) {
    const { limits, random } = settings;
    this.#settings = settings;
    this.#outbox = new Outbox(limits);
    this.#backoff = new Backoff(limits.reconnect_base_ms, limits.reconnect_cap_ms, random);
  }

  /** Messages not acknowledged yet. */
  get size(): number {
    return this.#outbox.size;
  }

  send(room: string, text: string, options: SendOptions): Promise<Receipt> {
    const bytes = utf8.encode(text).length;
    const { limits } = this.#settings;
    const deadline_ms = options.deadline_ms ?? limits.send_deadline_ms;
    return new Promise((resolve, reject) => {
      const problem = this.#problemWith(text, bytes);
      if (problem !== undefined) {
        reject(new HubbubError(problem, { room }));
        return;
      }
      this.#count += 1;
      const id = `${this.#idPrefix}-${this.#count.toString(36)}`;
      const passed = (): void => this.#giveUp(id, new HubbubError('deadline'));
      const deadline = { deadline_ms, passed };
      const publication = new Publication({ id, room, text, bytes }, deadline, { resolve, reject });
      if (this.#outbox.add(publication)) this.flush();
      else publication.reject(new HubbubError('outbox_full', { room }));
    });
  }

  online(welcome: Welcome): void {
    const { messages_per_second, message_burst } = welcome.limits;
    this.#online = true;
    this.#welcome = welcome;
    this.#pacer.reset(messages_per_second, message_burst, performance.now());
  }

  offline(): void {
    this.#online = false;
    clearTimeout(this.#wake);
    for (const publication of this.#outbox.disconnected()) publication.doubt();
  }

  /** Sends what may go now, and sees to what may go later. */
  flush(): void {
    clearTimeout(this.#wake);
    if (!this.#online) return;
    let now = performance.now();
    while (this.#pacer.delay_ms(now) === 0) {
      const publication = this.#outbox.next(now, this.#ready);
      if (publication === undefined) break;
      this.#transmit(publication);
      now = performance.now();
    }
    const wait_ms = this.#outbox.wait_ms(now, this.#ready);
    // What waits for an answer or for a room is woken by that.
    if (wait_ms === undefined) return;
    this.#wake = setTimeout(() => this.flush(), Math.max(wait_ms, this.#pacer.delay_ms(now)));
  }

  acknowledge({ id, offset, duplicate }: Ack): void {
    this.#backoff.reset();
    this.#outbox.remove(id)?.resolve(offset, duplicate === true);
    this.flush();
  }

  /** @returns whether the error was about a message sent from here */
  refuse(refusal: ErrorMessage): boolean {
    const { id } = refusal;
    if (!id?.startsWith(this.#idPrefix)) return false;
    if (refusal.temporary) this.#sendLater(id, refusal);
    else this.#giveUp(id, HubbubError.from(refusal), true);
    this.flush();
    return true;
  }

  /** What waits for this room cannot be sent any more. */
  roomGone(room: string, error: HubbubError): void {
    for (const { id } of this.#outbox.inRoom(room)) this.#giveUp(id, error);
  }

  rejectAll(error: HubbubError): void {
    for (const { id } of this.#outbox.all()) this.#giveUp(id, error);
  }

  #sendLater(id: string, { code, retry_after_ms }: ErrorMessage): void {
    const wait_ms =
      retry_after_ms === undefined ? this.#backoff.next() : clampDelay(retry_after_ms);
    const resume_at = performance.now() + wait_ms;
    const publication = this.#outbox.refuse(id, resume_at);
    // These two promise that nothing was published. Any other may have left it standing.
    if (code === 'rate_limited') this.#pacer.pause(resume_at);
    else if (code !== 'unavailable') publication?.doubt();
  }

  #transmit(publication: Publication): void {
    const { id, room, text } = publication;
    this.#pacer.take();
    publication.sent(`${this.#settings.epochOf(room)} ${this.#welcome?.user_id}`);
    try {
      this.#settings.send({ type: 'message', room, text, id });
    } catch (error) {
      if (!(error instanceof HubbubError)) throw error;
      this.#giveUp(id, error, true);
    }
  }

  /** @param answered whether the error is about the last send; else that may yet arrive */
  #giveUp(id: string, error: HubbubError, answered = false): void {
    const inDoubt = !answered && this.#outbox.isInFlight(id);
    const publication = this.#outbox.remove(id);
    if (publication === undefined) return;
    const { code, message, temporary } = error;
    const { room } = publication;
    const outcome = inDoubt ? 'unknown' : publication.outcome;
    publication.reject(new HubbubError(code, { message, temporary, outcome, room }));
  }

  #problemWith(text: string, bytes: number): 'invalid_field' | 'text_too_large' | undefined {
    // A lone surrogate has no UTF-8 form: it could not reach other members unchanged.
    if (!text.isWellFormed()) return 'invalid_field';
    const limit = this.#welcome?.limits.text_bytes_max ?? Number.POSITIVE_INFINITY;
    return bytes > limit ? 'text_too_large' : undefined;
  }
}

/** Unlike any other client's, also of the same user: the server recognises messages by their ids. */
function randomPrefix(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
