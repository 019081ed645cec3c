import type { Devtools } from './devtools.ts';
import { eventually } from './eventually.ts';

/** How the window looks at the page. */
export interface Look {
  readonly width: number;
  readonly height: number;
  readonly scheme?: 'light' | 'dark';
  readonly reducedMotion?: boolean;
  /** Device pixels for one of the page. */
  readonly scale?: number;
}

const MODIFIERS = { alt: 1, control: 2, shift: 8 } as const;

const KEYS: Readonly<Record<string, { readonly code: number; readonly text?: string }>> = {
  Enter: { code: 13, text: '\r' },
  Tab: { code: 9 },
  Escape: { code: 27 },
  ' ': { code: 32, text: ' ' },
  ArrowUp: { code: 38 },
  ArrowDown: { code: 40 },
  Home: { code: 36 },
  End: { code: 35 },
};

const DEADLINE_MS = 30_000;

/** One window of a headless browser. */
export class BrowserPage {
  /** What it shares storage with. */
  readonly context: string;
  /** What the page has done wrong: uncaught errors, and what its security policy forbids. */
  readonly problems: string[] = [];
  readonly #devtools: Devtools;
  /** The documents that have loaded, by their loader. */
  readonly #loaded = new Set<unknown>();
  readonly #target: string;
  readonly #session: string;

  private constructor(devtools: Devtools, context: string, target: string, session: string) {
    this.#devtools = devtools;
    this.context = context;
    this.#target = target;
    this.#session = session;
  }

  static async open(
    devtools: Devtools,
    context: string,
    url: string,
    prelude?: string,
  ): Promise<BrowserPage> {
    const { targetId } = await devtools.call('Target.createTarget', {
      url: 'about:blank',
      browserContextId: context,
    });
    const { sessionId } = await devtools.call('Target.attachToTarget', { targetId, flatten: true });
    const page = new BrowserPage(devtools, context, String(targetId), String(sessionId));
    page.#watch();
    for (const domain of ['Page', 'Runtime', 'Log']) await page.#call(`${domain}.enable`);
    await page.#call('Page.setLifecycleEventsEnabled', { enabled: true });
    // Each window believes that it is the one being looked at.
    await page.#call('Emulation.setFocusEmulationEnabled', { enabled: true });
    if (prelude !== undefined) {
      await page.#call('Page.addScriptToEvaluateOnNewDocument', { source: prelude });
    }
    await page.navigate(url);
    return page;
  }

  /** Goes to `url`; resolves once it has loaded. */
  async navigate(url: string): Promise<void> {
    const { loaderId } = await this.#call('Page.navigate', { url });
    // The empty page a window begins with may still be loading: its event must not count.
    await eventually(`${url} has loaded`, () => this.#loaded.has(loaderId), DEADLINE_MS);
  }

  async reload(): Promise<void> {
    const loaded = this.#devtools.next('Page.loadEventFired', this.#session);
    await this.#call('Page.reload');
    await loaded;
  }

  /**
   * Evaluates a line as the browser's console does: `await` is allowed, and what it declares is
   * there for the next one.
   * @returns its value, as far as JSON can carry it
   * @throws Error with what the line threw
   */
  async evaluate(expression: string): Promise<unknown> {
    const answer = await this.#call('Runtime.evaluate', {
      expression,
      replMode: true,
      awaitPromise: true,
      returnByValue: true,
    });
    if (answer.exceptionDetails !== undefined) {
      const said = JSON.stringify(answer.exceptionDetails).slice(0, 2_000);
      throw new Error(`${expression.slice(0, 200)}: ${said}`);
    }
    return (answer.result as { readonly value?: unknown }).value;
  }

  /** Waits until the expression is truthy. @returns its value */
  until(expression: string): Promise<unknown> {
    const look = async (): Promise<unknown> => {
      try {
        return (await this.evaluate(expression)) || undefined;
      } catch (error) {
        // Between two documents there is nobody to ask.
        if (String(error).includes('target navigated')) return undefined;
        throw error;
      }
    };
    return eventually(`in the page: ${expression}`, look, DEADLINE_MS);
  }

  /** Types as one who pastes: no key events. */
  async write(text: string): Promise<void> {
    await this.#call('Input.insertText', { text });
  }

  /** Presses and releases a key, as the keyboard would. */
  async press(key: string, ...modifiers: readonly (keyof typeof MODIFIERS)[]): Promise<void> {
    const { code, text } = KEYS[key] ?? { code: key.toUpperCase().charCodeAt(0), text: key };
    const event = {
      key,
      code: key,
      windowsVirtualKeyCode: code,
      modifiers: modifiers.reduce((sum, one) => sum + MODIFIERS[one], 0),
    };
    const typed = text === undefined ? { type: 'rawKeyDown' } : { type: 'keyDown', text };
    await this.#call('Input.dispatchKeyEvent', { ...event, ...typed });
    await this.#call('Input.dispatchKeyEvent', { ...event, type: 'keyUp' });
  }

  /** Clicks with the mouse in the middle of the first element that matches. */
  async click(selector: string): Promise<void> {
    const quoted = JSON.stringify(selector);
    const place = (await this.until(`(() => {
      const box = document.querySelector(${quoted})?.getBoundingClientRect();
      return box?.width > 0 && { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    })()`)) as { readonly x: number; readonly y: number };
    const event = { ...place, button: 'left', clickCount: 1 };
    await this.#call('Input.dispatchMouseEvent', { ...event, type: 'mousePressed' });
    await this.#call('Input.dispatchMouseEvent', { ...event, type: 'mouseReleased' });
  }

  async look({ width, height, scheme, reducedMotion, scale }: Look): Promise<void> {
    await this.#call('Emulation.setDeviceMetricsOverride', {
      width,
      height,
      deviceScaleFactor: scale ?? 1,
      mobile: false,
    });
    await this.#call('Emulation.setEmulatedMedia', {
      features: [
        { name: 'prefers-color-scheme', value: scheme ?? 'light' },
        { name: 'prefers-reduced-motion', value: reducedMotion ? 'reduce' : 'no-preference' },
      ],
    });
  }

  /** What the window shows, as PNG. */
  async screenshot(): Promise<Buffer> {
    const { data } = await this.#call('Page.captureScreenshot', { format: 'png' });
    return Buffer.from(String(data), 'base64');
  }

  async close(): Promise<void> {
    await this.#devtools.call('Target.closeTarget', { targetId: this.#target });
  }

  #call(method: string, params: Readonly<Record<string, unknown>> = {}) {
    return this.#devtools.call(method, params, this.#session);
  }

  #watch(): void {
    this.#devtools.on('Page.lifecycleEvent', this.#session, ({ name, loaderId }) => {
      if (name === 'load') this.#loaded.add(loaderId);
    });
    this.#devtools.on('Runtime.exceptionThrown', this.#session, (params) => {
      this.problems.push(JSON.stringify(params));
    });
    this.#devtools.on('Log.entryAdded', this.#session, ({ entry }) => {
      const { source, level, text } = entry as Record<string, string>;
      if (source === 'network' || level === 'verbose' || level === 'info') return;
      this.problems.push(`${source} ${level}: ${text}`);
    });
    this.#devtools.on('Runtime.consoleAPICalled', this.#session, (params) => {
      if (['error', 'warning', 'assert'].includes(String(params.type))) {
        this.problems.push(JSON.stringify(params.args));
      }
    });
  }
}
