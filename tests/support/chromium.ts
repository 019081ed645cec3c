import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathOf } from './requires.ts';

/** A page in a headless Chromium of its own, driven over the DevTools protocol. */
export interface Page extends AsyncDisposable {
  /**
   * Evaluates a line as the browser's console does: `await` is allowed, and what it declares is
   * there for the next one.
   * @returns its value, as far as JSON can carry it
   * @throws Error with what the line threw
   */
  evaluate(line: string): Promise<unknown>;
}

const DEADLINE_MS = 20_000;
const SAID_CHARACTERS_MAX = 10_000;
const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--remote-debugging-port=0',
];

/** Starts a browser and opens `url`; resolves once the page has loaded. */
export async function openPage(url: string): Promise<Page> {
  const profile = mkdtempSync(join(tmpdir(), 'hubbub-chromium-'));
  const browser = Bun.spawn([pathOf('chromium'), ...FLAGS, `--user-data-dir=${profile}`], {
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'pipe',
  });
  const speech = listen(browser.stderr);
  const end = async (): Promise<void> => {
    browser.kill();
    // Its helpers still write into the profile when it is gone; stderr ends with the last of them.
    await withDeadline(Promise.all([browser.exited, speech.ended]), 'the browser to end');
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
  try {
    const devtools = await Devtools.connect(await speech.url);
    const { targetId } = await devtools.call('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await devtools.call('Target.attachToTarget', { targetId, flatten: true });
    const page = String(sessionId);
    await devtools.call('Page.enable', {}, page);
    const loaded = devtools.event('Page.loadEventFired');
    await devtools.call('Page.navigate', { url }, page);
    await loaded;
    return {
      evaluate: (line) => evaluate(devtools, page, line),
      [Symbol.asyncDispose]: end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}

async function evaluate(devtools: Devtools, page: string, expression: string): Promise<unknown> {
  const answer = await devtools.call(
    'Runtime.evaluate',
    { expression, replMode: true, awaitPromise: true, returnByValue: true },
    page,
  );
  if (answer.exceptionDetails !== undefined) {
    throw new Error(`${expression}: ${JSON.stringify(answer.exceptionDetails)}`);
  }
  return (answer.result as { readonly value?: unknown }).value;
}

interface Speech {
  /** Where its debugger listens. */
  readonly url: Promise<string>;
  readonly ended: Promise<void>;
}

/** Chromium says on stderr where it listens, and goes on talking: everything has to be read. */
function listen(stderr: ReadableStream<Uint8Array>): Speech {
  const url = Promise.withResolvers<string>();
  const decoder = new TextDecoder();
  let said = '';
  const read = async (): Promise<void> => {
    for await (const chunk of stderr) {
      said = (said + decoder.decode(chunk, { stream: true })).slice(-SAID_CHARACTERS_MAX);
      const found = /DevTools listening on (ws:\S+)/.exec(said)?.[1];
      if (found !== undefined) url.resolve(found);
    }
    url.reject(new Error(`the browser ended: ${said}`));
  };
  return { url: withDeadline(url.promise, 'the browser to start'), ended: read() };
}

type Answer = Readonly<Record<string, unknown>>;

/** Calls and events of the DevTools protocol over its WebSocket. */
class Devtools {
  readonly #socket: WebSocket;
  readonly #calls = new Map<number, PromiseWithResolvers<Answer>>();
  readonly #events = new Map<string, () => void>();
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
    await withDeadline(opened.promise, 'the browser to answer');
    return new Devtools(socket);
  }

  /** @param page the session of the page that is meant; the browser itself without one */
  call(method: string, params: Readonly<Record<string, unknown>>, page?: string): Promise<Answer> {
    this.#calls_made += 1;
    const id = this.#calls_made;
    const call = Promise.withResolvers<Answer>();
    this.#calls.set(id, call);
    const session = page === undefined ? undefined : { sessionId: page };
    this.#socket.send(JSON.stringify({ id, method, params, ...session }));
    return withDeadline(call.promise, method);
  }

  /** Resolves when the event next comes. */
  event(method: string): Promise<void> {
    const event = Promise.withResolvers<void>();
    this.#events.set(method, event.resolve);
    return withDeadline(event.promise, method);
  }

  #take(message: {
    readonly id?: number;
    readonly method?: string;
    readonly result?: Answer;
    readonly error?: { readonly message: string };
  }): void {
    if (message.id === undefined) {
      this.#events.get(message.method ?? '')?.();
      return;
    }
    const call = this.#calls.get(message.id);
    this.#calls.delete(message.id);
    if (message.result !== undefined) call?.resolve(message.result);
    else call?.reject(new Error(message.error?.message ?? 'no result'));
  }
}

async function withDeadline<T>(promise: Promise<T>, what: string): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`waited ${DEADLINE_MS} ms for ${what}`)),
    DEADLINE_MS,
  );
  return Promise.race([promise, late.promise]).finally(() => clearTimeout(timer));
}
