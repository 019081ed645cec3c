import type { ErrorMessage, ServerMessage, Welcome } from '../server/protocol/messages.ts';
import { adviceOf, CLOSE_NORMAL } from './advice.ts';
import type { Command } from './commands.ts';
import { Credentials } from './credentials.ts';
import { HubbubError } from './errors.ts';
import { Link } from './link.ts';
import type { ClientOptions, Settings } from './options.ts';
import { type Ending, ReconnectPolicy } from './reconnect_policy.ts';

/** What the connection is doing. `online` begins with the welcome, not with the open socket. */
export type StateChange =
  | { readonly state: 'connecting' }
  | { readonly state: 'online'; readonly welcome: Welcome }
  | {
      readonly state: 'waiting';
      /** Until the next attempt. */
      readonly delay_ms: number;
      /** The close code and reason, 1006 when there was none. */
      readonly code: number;
      readonly reason: string;
    }
  | { readonly state: 'closed'; readonly error?: HubbubError };

export type ConnectionState = StateChange['state'];

export interface ConnectionEvents {
  changed(change: StateChange): void;
  message(message: ServerMessage): void;
}

/** Keeps a link to the server: opens one, and another when it ends, until told to stop. */
export class Connection {
  readonly #settings: Settings;
  readonly #events: ConnectionEvents;
  readonly #credentials: Credentials;
  readonly #policy: ReconnectPolicy;
  #state: ConnectionState = 'closed';
  #link: Link | undefined;
  #welcome: Welcome | undefined;
  /** Until the next attempt, or until a hinted departure. */
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(settings: Settings, options: ClientOptions, events: ConnectionEvents) {
    this.#settings = settings;
    this.#events = events;
    this.#credentials = new Credentials(options.token, options.session);
    this.#policy = new ReconnectPolicy(this.#credentials, settings.limits, settings.random);
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** The newest welcome, also while away. */
  get welcome(): Welcome | undefined {
    return this.#welcome;
  }

  get session(): string | undefined {
    return this.#credentials.session;
  }

  get bufferedAmount(): number {
    return this.#link?.bufferedAmount ?? 0;
  }

  open(): void {
    if (this.#state === 'closed') this.#attempt();
  }

  /** @throws HubbubError `disconnected`, `text_too_large` */
  send(command: Command): void {
    if (this.#link === undefined || this.#state !== 'online') throw new HubbubError('disconnected');
    this.#link.send(command);
  }

  /** Gives this socket up and comes back with another. */
  cut(reason: string): void {
    this.#link?.end(reason);
  }

  close(): void {
    if (this.#state === 'closed') return;
    const link = this.#link;
    this.#stop(undefined);
    link?.end('closed by the application', CLOSE_NORMAL);
  }

  #attempt(): void {
    const link = new Link(this.#settings, this.#policy.introduction(), {
      welcomed: (welcome) => this.#online(welcome),
      message: (message) => this.#message(message),
      ended: (ending) => {
        if (this.#link === link) this.#ended(ending);
      },
    });
    this.#link = link;
    this.#change({ state: 'connecting' });
  }

  #online(welcome: Welcome): void {
    this.#adopt(welcome);
    this.#policy.online(performance.now());
    this.#change({ state: 'online', welcome });
  }

  #adopt(welcome: Welcome): void {
    this.#welcome = welcome;
    this.#credentials.adopt(welcome.session);
  }

  #message(message: ServerMessage): void {
    if (message.type === 'reconnect') {
      const { after_ms, jitter_ms } = message;
      const delay_ms = this.#policy.hint(after_ms, jitter_ms, performance.now());
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.cut('the time the server hinted at'), delay_ms);
      return;
    }
    if (message.type === 'welcome') this.#adopt(message);
    if (message.type === 'error') this.#heed(message);
    this.#events.message(message);
  }

  #heed({ id, retry_after_ms }: ErrorMessage): void {
    if (id !== undefined || retry_after_ms === undefined) return;
    this.#policy.notBefore(retry_after_ms, performance.now());
  }

  #ended(ending: Ending): void {
    const delay_ms = this.#policy.ended(ending, performance.now());
    if (delay_ms === undefined) {
      this.#stop(stopError(ending));
      return;
    }
    this.#link = undefined;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#attempt(), delay_ms);
    this.#change({ state: 'waiting', delay_ms, code: ending.code, reason: ending.reason });
  }

  #stop(error: HubbubError | undefined): void {
    clearTimeout(this.#timer);
    this.#link = undefined;
    this.#change({ state: 'closed', ...(error === undefined ? undefined : { error }) });
  }

  #change(change: StateChange): void {
    this.#state = change.state;
    this.#events.changed(change);
  }
}

function stopError({ code, reason }: Ending): HubbubError {
  const refused = adviceOf(code) === 'token_refused';
  return new HubbubError(refused ? 'token_invalid' : 'server_closed', {
    message: `The server closed with ${code}: ${reason || 'no reason'}`,
  });
}
