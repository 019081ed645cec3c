import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withDeadline } from '../../server/deadline.ts';
import { BrowserPage } from './browser_page.ts';
import { Devtools } from './devtools.ts';
import { pathOf } from './requires.ts';

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

/** A headless Chromium, driven over the DevTools protocol. */
export interface Browser extends AsyncDisposable {
  /**
   * Opens `url` in a window that shares nothing with the others, and waits until it has loaded.
   * @param prelude a script that runs before every document of it
   */
  open(url: string, prelude?: string): Promise<BrowserPage>;
  /** The same, sharing cookies and storage with another window, but not its session. */
  openBeside(page: BrowserPage, url: string): Promise<BrowserPage>;
}

/** Starts a browser of one's own. */
export async function startBrowser(): Promise<Browser> {
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
    const ended = Promise.all([browser.exited, speech.ended]);
    await withDeadline(ended, DEADLINE_MS, 'the end of the browser');
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
  try {
    const devtools = await Devtools.connect(await speech.url);
    return {
      async open(url, prelude) {
        const { browserContextId } = await devtools.call('Target.createBrowserContext');
        return BrowserPage.open(devtools, String(browserContextId), url, prelude);
      },
      openBeside: (page, url) => BrowserPage.open(devtools, page.context, url),
      [Symbol.asyncDispose]: end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** A page in a headless Chromium of its own. */
export interface Page extends AsyncDisposable {
  /** As `BrowserPage.evaluate`. */
  evaluate(line: string): Promise<unknown>;
}

/** Starts a browser and opens `url`; resolves once the page has loaded. */
export async function openPage(url: string): Promise<Page> {
  const browser = await startBrowser();
  const end = (): Promise<void> => Promise.resolve(browser[Symbol.asyncDispose]());
  try {
    const page = await browser.open(url);
    return { evaluate: (line) => page.evaluate(line), [Symbol.asyncDispose]: end };
  } catch (error) {
    await end();
    throw error;
  }
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
  return { url: withDeadline(url.promise, DEADLINE_MS, 'the start of the browser'), ended: read() };
}
