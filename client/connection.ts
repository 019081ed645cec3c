import type { ErrorMessage, ServerMessage, Welcome } from '../server/protocol/messages.ts';
import { adviceOf, CLOSE_ABNORMAL, CLOSE_NORMAL } from './advice.ts';
import type { Command } from './commands.ts';
import { Credentials } from './credentials.ts';
import { HubbubError } from './errors.ts';
import { AUTH_ID, Link } from './link.ts';
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
  /** No newer token could be had: the connection goes on, until the one in use ends. */
  failed(error: HubbubError): void;
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
  /** The token the application was asked for, while an attempt waits for it. */
  #asked: Promise<string> | undefined;
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
    const { token, inSession } = this.#policy.introduction();
    if (token instanceof Promise) this.#ask(token, inSession);
    else this.#connect(token, inSession);
    this.#change({ state: 'connecting' });
  }

  /** The application has as long to answer as the server has to welcome. */
  #ask(asked: Promise<string>, inSession: boolean): void {
    this.#asked = asked;
    const settle = (act: () => void): void => {
      if (this.#asked !== asked) return;
      this.#asked = undefined;
      clearTimeout(this.#timer);
      act();
    };
    const fail = (reason: unknown): void =>
      settle(() =>
        this.#ended({ code: CLOSE_ABNORMAL, reason: `no token: ${reason}`, opened: true }),
      );
    this.#timer = setTimeout(fail, this.#settings.limits.connect_timeout_ms, 'not in time');
    asked.then((token) => settle(() => this.#connect(token, inSession)), fail);
  }

  #connect(token: string | undefined, inSession: boolean): void {
    const link = new Link(
      this.#settings,
      { token, inSession },
      {
        welcomed: (welcome) => this.#online(welcome),
        message: (message) => this.#message(message),
        ended: (ending) => {
          if (this.#link === link) this.#ended(ending);
        },
      },
    );
    this.#link = link;
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
    if (message.type === 'token_expiring') this.#refresh();
    if (message.type === 'welcome') this.#adopt(message);
    if (message.type === 'error') this.#heed(message);
    this.#events.message(message);
  }

  #refresh(): void {
    const link = this.#link;
    this.#credentials.fetch()?.then(
      (token) => link?.send({ type: 'auth', token, id: AUTH_ID }),
      (error: unknown) =>
        this.#events.failed(new HubbubError('token_unavailable', { message: `${error}` })),
    );
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
    this.#asked = undefined;
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
