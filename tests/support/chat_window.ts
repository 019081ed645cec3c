import type { BrowserPage } from './browser_page.ts';
import type { Browser } from './chromium.ts';

/** A message as somebody sees it. */
export interface SeenMessage {
  readonly text: string;
  readonly author: string;
  readonly own: boolean;
  readonly state: string;
}

/** Minutes become moments: a message is given up soon. The waits of connections stay. */
export const IMPATIENT = `
  const wait = globalThis.setTimeout;
  globalThis.setTimeout = (run, delay_ms, ...rest) =>
    wait(run, delay_ms >= 120_000 ? 300 : delay_ms, ...rest);`;

const quote = (value: string): string => JSON.stringify(value);

/** The room shown: its log is the one that is not hidden. */
const LOG = `.log:not([hidden])`;

const READ = `Array.from(document.querySelectorAll('${LOG} .message'), (message) => ({
  text: message.querySelector('.text').textContent,
  author: message.querySelector('.author').textContent,
  own: 'own' in message.dataset,
  state: message.dataset.state,
}))`;

/** The chat page in a window, used as a person would. */
export class ChatWindow {
  readonly page: BrowserPage;

  constructor(page: BrowserPage) {
    this.page = page;
  }

  /** Opens the page and goes in under a name. */
  static async enter(
    browser: Browser,
    url: string,
    name: string,
    prelude?: string,
  ): Promise<ChatWindow> {
    const chat = new ChatWindow(await browser.open(url, prelude));
    await chat.introduce(name);
    return chat;
  }

  /** Gives a name at the entrance. */
  async introduce(name: string): Promise<void> {
    await this.page.until(`document.activeElement.id === 'name'`);
    await this.page.write(name);
    await this.page.press('Enter');
    await this.isOnline();
  }

  isOnline(): Promise<unknown> {
    return this.page.until(
      `document.querySelector('#connection').dataset.state === 'online'
        && document.querySelector('#me-name').textContent`,
    );
  }

  /** Types into the composer, and leaves it there. */
  async write(text: string): Promise<void> {
    await this.page.evaluate(`document.querySelector('#text').focus()`);
    await this.page.write(text);
  }

  async say(text: string): Promise<void> {
    await this.write(text);
    await this.page.press('Enter');
  }

  /** The messages of the room shown. */
  async messages(): Promise<readonly SeenMessage[]> {
    return (await this.page.evaluate(READ)) as SeenMessage[];
  }

  async texts(): Promise<readonly string[]> {
    return (await this.messages()).map(({ text }) => text);
  }

  /** Waits for a message in the room shown, in a state if that matters. */
  async sees(text: string, state?: string): Promise<SeenMessage> {
    const wanted = `one.text === ${quote(text)} && (${state === undefined} || one.state === ${quote(state ?? '')})`;
    return (await this.page.until(`${READ}.find((one) => ${wanted})`)) as SeenMessage;
  }

  /** Waits until an element says something that contains `text`. */
  shows(selector: string, text: string): Promise<unknown> {
    return this.page.until(
      `document.querySelector(${quote(selector)})?.innerText.includes(${quote(text)})`,
    );
  }

  /** Waits for a mark between the messages. */
  seesMark(text: string): Promise<unknown> {
    return this.page.until(
      `[...document.querySelectorAll('${LOG} .mark')].some((mark) => mark.textContent.includes(${quote(text)}))`,
    );
  }

  async joins(room: string): Promise<void> {
    await this.page.evaluate(`document.querySelector('#join-name').focus()`);
    await this.page.write(room);
    await this.page.press('Enter');
    await this.shows('#room-name', room);
    await this.shows('#room-count', 'here');
  }

  /** What an expression about the page is worth. */
  ask(expression: string): Promise<unknown> {
    return this.page.evaluate(expression);
  }
}
