import { withDeadline } from '../../server/deadline.ts';

export type Answer = Readonly<Record<string, unknown>>;

const DEADLINE_MS = 20_000;

type Listener = (params: Answer) => void;

/** Calls and events of the DevTools protocol over its WebSocket. */
export class Devtools {
  readonly #socket: WebSocket;
  readonly #calls = new Map<number, PromiseWithResolvers<Answer>>();
  readonly #listeners = new Map<string, Listener[]>();
  #calls_made = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#take(JSON.parse(String(data)));
  }

  static async connect(url: string): Promise<Devtools> {
    const socket = new WebSocket(url);
    const opened = Promise.withResolvers<void>();
    socket.onopen = () => opened.resolve();
    socket.onclose = ({ code }) => opened.reject(new Error(`the browser closed with ${code}`));
    await withDeadline(opened.promise, DEADLINE_MS, 'the browser to answer');
    return new Devtools(socket);
  }

  /** @param page the session of the page that is meant; the browser itself without one */
  call(
    method: string,
    params: Readonly<Record<string, unknown>> = {},
    page?: string,
  ): Promise<Answer> {
    this.#calls_made += 1;
    const id = this.#calls_made;
    const call = Promise.withResolvers<Answer>();
    this.#calls.set(id, call);
    const session = page === undefined ? undefined : { sessionId: page };
    this.#socket.send(JSON.stringify({ id, method, params, ...session }));
    return withDeadline(call.promise, DEADLINE_MS, method);
  }

  /** Listens to an event of a page. */
  on(method: string, page: string, listener: Listener): void {
    const key = `${page} ${method}`;
    this.#listeners.set(key, [...(this.#listeners.get(key) ?? []), listener]);
  }

  /** Resolves when the event next comes. */
  next(method: string, page: string): Promise<Answer> {
    const event = Promise.withResolvers<Answer>();
    this.on(method, page, event.resolve);
    return withDeadline(event.promise, DEADLINE_MS, method);
  }

  #take(message: {
    readonly id?: number;
    readonly method?: string;
    readonly sessionId?: string;
    readonly params?: Answer;
    readonly result?: Answer;
    readonly error?: { readonly message: string };
  }): void {
    if (message.id === undefined) {
      const listeners = this.#listeners.get(`${message.sessionId} ${message.method}`) ?? [];
      for (const listener of listeners) listener(message.params ?? {});
      return;
    }
    const call = this.#calls.get(message.id);
    this.#calls.delete(message.id);
    if (message.result !== undefined) call?.resolve(message.result);
    else call?.reject(new Error(message.error?.message ?? 'no result'));
  }
}
