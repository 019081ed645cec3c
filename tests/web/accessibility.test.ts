import { expect } from 'bun:test';
import axe from 'axe-core';
import type { BrowserPage, Look } from '../support/browser_page.ts';
import { ChatWindow, IMPATIENT } from '../support/chat_window.ts';
import { startBrowser } from '../support/chromium.ts';
import { requires } from '../support/requires.ts';
import { serveAlone } from '../support/serve.ts';

const withBrowser = requires('chromium');

const TEST_TIMEOUT_MS = 120_000;

const WIDE: Look = { width: 1280, height: 800, scheme: 'light' };

const LOOKS: readonly Look[] = [
  WIDE,
  { width: 1280, height: 800, scheme: 'dark' },
  { width: 900, height: 700, scheme: 'light', reducedMotion: true },
  { width: 390, height: 780, scheme: 'dark' },
  { width: 320, height: 568, scheme: 'light' },
];

/** What axe finds on the page as it stands, as lines; nothing is excused. */
async function violations(page: BrowserPage): Promise<readonly string[]> {
  if ((await page.evaluate('typeof axe')) === 'undefined') await page.evaluate(axe.source);
  const found = (await page.evaluate(`(await axe.run()).violations.flatMap((violation) =>
    violation.nodes.map(({ target, failureSummary }) =>
      violation.id + ' ' + violation.impact + ' ' + target + ' ' + failureSummary))`)) as string[];
  return found;
}

/** Everything is in the window, but for what scrolls. */
const OVERFLOW = `(() => {
  const { scrollWidth, clientWidth } = document.documentElement;
  return scrollWidth > clientWidth || document.querySelector('.log').scrollWidth > innerWidth;
})()`;

withBrowser(
  'axe finds nothing at the entrance or in a lively room, in every look',
  async () => {
    await using server = await serveAlone();
    await using browser = await startBrowser();
    const page = await browser.open(`${server.http}/?room=kitchen`, IMPATIENT);
    const ada = new ChatWindow(page);
    for (const look of LOOKS) {
      await page.look(look);
      expect([look, await violations(page)]).toEqual([look, []]);
    }
    await page.look(WIDE);
    await ada.introduce('Ada');
    await ada.shows('#empty', 'Nothing has been said');
    expect(await violations(page)).toEqual([]);

    await ada.joins('lobby');
    const ben = await ChatWindow.enter(browser, `${server.http}/?room=kitchen`, 'Ben');
    await ben.say('unread in the kitchen');
    await ben.joins('lobby');
    await ben.say('See https://example.com/a-long-way/'.padEnd(120, 'down/'));
    await ben.say('long '.repeat(400));
    await ada.say('An answer\nof two lines');
    await ben.write('more to come');
    await ada.shows('#typing', 'Ben is typing');
    await ada.shows('[data-room=kitchen]', 'unread');
    for (const look of LOOKS) {
      await page.look(look);
      expect([look, await violations(page)]).toEqual([look, []]);
      expect([look, await page.evaluate(OVERFLOW)]).toEqual([look, false]);
    }
    for (const drawer of ['sidebar', 'people']) {
      await page.click(`#show-${drawer}`);
      expect([drawer, await violations(page)]).toEqual([drawer, []]);
      await page.press('Escape');
      await page.until(`!document.querySelector(':popover-open')`);
    }

    await server.stop();
    await ada.shows('#connection', 'Offline');
    await ada.say('never to arrive');
    await ada.sees('never to arrive', 'failed');
    for (const look of LOOKS) {
      await page.look(look);
      expect([look, await violations(page)]).toEqual([look, []]);
    }
  },
  TEST_TIMEOUT_MS,
);

withBrowser(
  'a keyboard is enough',
  async () => {
    await using server = await serveAlone();
    await using browser = await startBrowser();
    const page = await browser.open(server.http);
    const ada = new ChatWindow(page);
    const focus = () =>
      page.evaluate(`document.activeElement.id || document.activeElement.className`);
    const walk = async (steps: number): Promise<readonly unknown[]> => {
      const seen: unknown[] = [];
      for (let step = 0; step < steps; step += 1) {
        await page.press('Tab');
        seen.push(await focus());
      }
      return seen;
    };

    await page.look(WIDE);
    await ada.introduce('Ada');
    await page.until(`document.activeElement.id === 'text'`);
    await page.write('one');
    await page.press('Enter', 'shift');
    await page.write('two');
    await page.press('Enter');
    await ada.sees('one\ntwo', 'sent');

    await page.press('Tab', 'shift');
    expect(await focus()).toBe('log');
    await page.press('Escape');
    expect(await focus()).toBe('text');

    for (const room of ['attic', 'cellar']) await ada.joins(room);
    await page.press('ArrowDown', 'alt');
    await ada.shows('#room-name', 'lobby');
    // Around the page and back: with nothing written the send button is out of the way.
    await page.evaluate(`document.activeElement.blur(); getSelection().collapse(document.body, 0)`);
    await page.press('Tab');
    const stops = [
      'room-link',
      'join-name',
      'quiet',
      'rename',
      'theme',
      'copy-link',
      'leave',
      'log',
      'text',
    ];
    expect(await walk(stops.length)).toEqual(stops);

    await page.press('ArrowUp', 'alt');
    await page.press('ArrowUp', 'alt');
    await ada.shows('#room-name', 'attic');
    await page.press('ArrowUp', 'alt');
    await page.press('ArrowUp', 'alt');
    await ada.shows('#room-name', 'cellar');
    expect(await focus()).toBe('text');

    await page.evaluate(`document.querySelector('[aria-current]').focus()`);
    const link = () => page.evaluate(`document.activeElement.dataset.room`);
    await page.press('ArrowUp');
    expect(await link()).toBe('attic');
    await page.press('Home');
    expect(await link()).toBe('lobby');
    await page.press('End');
    await page.press('ArrowDown');
    expect(await link()).toBe('lobby');
    await page.press('Enter');
    await ada.shows('#room-name', 'lobby');
    expect(await focus()).toBe('text');

    await page.evaluate(`document.querySelector('#theme').focus()`);
    await page.press(' ');
    expect(await page.evaluate(`document.documentElement.dataset.theme`)).toBe('dark');
    await page.reload();
    await ada.isOnline();
    expect(await page.evaluate(`getComputedStyle(document.documentElement).colorScheme`)).toBe(
      'dark',
    );

    await page.evaluate(`document.querySelector('#rename').focus()`);
    await page.press('Enter');
    await page.until(`document.activeElement.id === 'name'`);
    await page.press('Escape');
    await page.until(`!document.querySelector('#app').hidden`);
    await page.evaluate(`document.querySelector('#rename').focus()`);
    await page.press('Enter');
    await page.until(`document.activeElement.id === 'name'`);
    await page.write('Grace');
    await page.press('Enter');
    await ada.shows('#me-name', 'Grace');
    expect(page.problems).toEqual([]);
  },
  TEST_TIMEOUT_MS,
);
