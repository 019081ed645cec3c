import type { ErrorMessage, ServerMessage, Welcome } from '../server/protocol/messages.ts';
import {
  CLOSE_ABNORMAL,
  CLOSE_NORMAL,
  CLOSE_PROTOCOL_ERROR,
  CLOSE_TOKEN_EXPIRED,
  CLOSE_TOKEN_REFUSED,
} from './advice.ts';
import type { Command } from './commands.ts';
import { json } from './encoding_json.ts';
import { FrameWriter } from './frame_writer.ts';
import { Keepalive } from './keepalive.ts';
import type { Settings } from './options.ts';
import type { Ending, Introduction } from './reconnect_policy.ts';
import type { WebSocketLike } from './web_socket.ts';

type LinkIntroduction = Introduction & { readonly token: string | undefined };

export interface LinkEvents {
  welcomed(welcome: Welcome): void;
  message(message: ServerMessage): void;
  /** Comes once, and nothing after it. */
  ended(ending: Ending): void;
}

export const AUTH_ID = 'auth';

/** Commands nobody answers unless they are wrong. */
const isUnanswered = (command: Command): boolean => command.type === 'typing';

/** One WebSocket from opening to its end: handshake, introduction, frames, signs of life. */
export class Link {
  readonly #settings: Settings;
  readonly #introduction: LinkIntroduction;
  readonly #events: LinkEvents;
  readonly #socket: WebSocketLike;
  readonly #writer: FrameWriter;
  readonly #welcomeTimer: ReturnType<typeof setTimeout>;
  /** Runs from the welcome on. */
  #keepalive: Keepalive | undefined;
  #opened = false;
  #ended = false;

  constructor(settings: Settings, introduction: LinkIntroduction, events: LinkEvents) {
    this.#settings = settings;
    this.#introduction = introduction;
    this.#events = events;
    const { token, inSession } = introduction;
    const url = new URL(settings.url);
    if (token !== undefined && !inSession) url.searchParams.set('token', token);
    const socket = new settings.WebSocket(url.href, [settings.encoding.subprotocol]);
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('open', () => this.#open());
    socket.addEventListener('message', (event) => this.#receive(event.data));
    socket.addEventListener('close', (event) => this.#finish(event.code, event.reason));
    // Not every runtime follows a failed handshake with a close event.
    socket.addEventListener('error', () => {
      if (!this.#opened) this.#finish(CLOSE_ABNORMAL, 'the handshake failed');
    });
    this.#writer = new FrameWriter(settings.encoding, (frame) => {
      if (!this.#ended) socket.send(frame);
    });
    this.#welcomeTimer = setTimeout(
      () => this.end('no welcome in time'),
      settings.limits.connect_timeout_ms,
    );
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount;
  }

  /** @throws HubbubError `text_too_large` */
  send(command: Command): void {
    this.#writer.push(command);
    if (!isUnanswered(command)) this.#keepalive?.asked();
  }

  /** Ends it from this side. The close handshake is not waited for: the peer may be gone. */
  end(reason: string, code = CLOSE_ABNORMAL): void {
    if (this.#ended) return;
    this.#writer.flush();
    this.#finish(code, reason);
    this.#socket.close(CLOSE_NORMAL);
  }

  #open(): void {
    if (this.#ended) return;
    this.#opened = true;
    const { protocol } = this.#socket;
    const { encoding } = this.#settings;
    if (protocol !== encoding.subprotocol && !(protocol === '' && encoding === json)) {
      this.end(`the server does not speak ${encoding.subprotocol}`, CLOSE_PROTOCOL_ERROR);
      return;
    }
    const { token, inSession } = this.#introduction;
    if (token !== undefined && inSession) this.send({ type: 'auth', token, id: AUTH_ID });
  }

  #receive(data: unknown): void {
    if (this.#ended) return;
    this.#keepalive?.heard();
    let messages: readonly ServerMessage[];
    try {
      messages = this.#settings.encoding.decode(data);
    } catch (error) {
      this.end(`an unreadable frame: ${error}`, CLOSE_PROTOCOL_ERROR);
      return;
    }
    for (const message of messages) {
      if (this.#ended) return;
      this.#dispatch(message);
    }
  }

  #dispatch(message: ServerMessage): void {
    if (this.#keepalive !== undefined) {
      this.#events.message(message);
    } else if (message.type === 'welcome') {
      // A guest's welcome comes before the one that answers `auth`: wait for that.
      if (!this.#introduction.inSession || message.id === AUTH_ID) this.#welcome(message);
    } else if (message.type === 'error' && message.id === AUTH_ID) {
      this.end(message.message, closeCodeOf(message));
    } else if (message.type === 'error' || message.type === 'reconnect') {
      this.#events.message(message);
    }
  }

  #welcome(welcome: Welcome): void {
    clearTimeout(this.#welcomeTimer);
    this.#writer.frame_bytes_max = welcome.limits.frame_bytes_max;
    const { answer_timeout_ms } = this.#settings.limits;
    this.#keepalive = new Keepalive(welcome.ping_interval_ms, answer_timeout_ms, {
      ping: () => this.send({ type: 'ping' }),
      dead: () => this.end('no sign of life'),
    });
    this.#events.welcomed(welcome);
  }

  #finish(code: number, reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#welcomeTimer);
    this.#keepalive?.stop();
    this.#events.ended({ code, reason, opened: this.#opened });
  }
}

/** A refused `auth` means what the same refusal means as a close code. */
function closeCodeOf(refusal: ErrorMessage): number {
  if (refusal.code === 'token_expired') return CLOSE_TOKEN_EXPIRED;
  return refusal.temporary ? CLOSE_ABNORMAL : CLOSE_TOKEN_REFUSED;
}
