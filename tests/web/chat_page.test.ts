import { expect } from 'bun:test';
import { ChatWindow } from '../support/chat_window.ts';
import { startBrowser } from '../support/chromium.ts';
import { requires } from '../support/requires.ts';
import { serveAlone } from '../support/serve.ts';

const withBrowser = requires('chromium');

const TEST_TIMEOUT_MS = 90_000;

withBrowser(
  'two people chat: names, presence, typing, messages with their state',
  async () => {
    await using server = await serveAlone();
    await using browser = await startBrowser();
    const ada = await ChatWindow.enter(browser, server.http, 'Ada');
    await ada.shows('#room-name', 'lobby');
    await ada.shows('#empty', 'Nothing has been said in lobby yet');
    const ben = await ChatWindow.enter(browser, server.http, 'Ben');

    await ada.shows('#room-count', '2 people here');
    await ada.shows('#people-list', 'Ben');
    await ada.shows('#people-list', '(you)');
    await ben.write('The kettle');
    await ada.shows('#typing', 'Ben is typing…');
    expect(await ben.ask(`document.querySelector('#typing').textContent`)).toBe('');
    await ben.say(' is on 👋');

    expect(await ada.sees('The kettle is on 👋')).toEqual({
      text: 'The kettle is on 👋',
      author: 'Ben',
      own: false,
      state: 'received',
    });
    await ada.page.until(`document.querySelector('#typing').textContent === ''`);
    expect(await ben.sees('The kettle is on 👋', 'sent')).toMatchObject({ own: true });
    await ada.say('Two minutes');
    await ada.sees('Two minutes', 'sent');
    await ben.sees('Two minutes', 'received');
    expect(await ben.texts()).toEqual(['The kettle is on 👋', 'Two minutes']);
    expect(await ada.texts()).toEqual(await ben.texts());

    await ben.page.close();
    await ada.shows('#room-count', '1 person here');
    expect([...ada.page.problems, ...ben.page.problems]).toEqual([]);
  },
  TEST_TIMEOUT_MS,
);

withBrowser(
  'a window that is reloaded goes on as the same person; another window is another one',
  async () => {
    await using server = await serveAlone();
    await using browser = await startBrowser();
    const ada = await ChatWindow.enter(browser, server.http, 'Ada');
    await ada.say('before');
    await ada.sees('before', 'sent');
    await ada.page.reload();
    await ada.isOnline();
    expect(await ada.sees('before')).toMatchObject({ own: true, state: 'sent' });
    await ada.shows('#room-count', '1 person here');

    const other = new ChatWindow(await browser.openBeside(ada.page, server.http));
    await other.shows('#entrance', 'Ada is in another window');
    await other.introduce('Ben');
    expect(await other.sees('before')).toMatchObject({ own: false, author: 'Ada' });
    await ada.shows('#room-count', '2 people here');

    await other.page.close();
    await ada.page.close();
    const later = new ChatWindow(await browser.openBeside(ada.page, server.http));
    expect(await later.isOnline()).toBe('Ben');
    expect([ada, other, later].flatMap(({ page }) => page.problems)).toEqual([]);
  },
  TEST_TIMEOUT_MS,
);

withBrowser(
  'rooms: a link leads in, others are joined, unread messages are counted, one is left',
  async () => {
    await using server = await serveAlone();
    await using browser = await startBrowser();
    const ada = await ChatWindow.enter(browser, `${server.http}/?room=kitchen`, 'Ada');
    await ada.shows('#room-name', 'kitchen');
    await ada.joins('attic & co');
    expect(await ada.ask('location.search')).toBe('?room=attic%20%26%20co');
    await ada.write('half a thought');

    const ben = await ChatWindow.enter(browser, `${server.http}/?room=kitchen`, 'Ben');
    for (const text of ['one', 'two', 'three']) await ben.say(text);
    await ada.shows('[data-room=kitchen] .badge', '3');
    expect(await ada.ask('document.title')).toBe('(3) attic & co · Hubbub');
    await ada.page.click('[data-room=kitchen]');
    await ada.sees('three');
    await ada.seesMark('New messages');
    expect(await ada.ask('document.title')).toBe('kitchen · Hubbub');
    expect(await ada.ask(`document.querySelector('#text').value`)).toBe('');

    await ada.page.click('#leave');
    await ada.shows('#room-name', 'attic & co');
    expect(await ada.ask(`document.querySelector('#text').value`)).toBe('half a thought');
    await ben.shows('#room-count', '1 person here');
    await ada.page.reload();
    await ada.isOnline();
    await ada.shows('#room-list', 'attic & co');
    expect(await ada.ask(`document.querySelectorAll('#room-list li').length`)).toBe(1);
    await ada.page.click('#leave');
    await ada.shows('#empty', 'You are in no room');
    await ada.page.click('#empty-link');
    await ada.shows('#room-name', 'lobby');
    expect([...ada.page.problems, ...ben.page.problems]).toEqual([]);
  },
  TEST_TIMEOUT_MS,
);

withBrowser(
  'a room with more than a page of history shows the newest, and the rest when asked',
  async () => {
    await using server = await serveAlone({ rate_limit: 0 });
    await using browser = await startBrowser();
    const ben = await ChatWindow.enter(browser, server.http, 'Ben');
    for (let count = 1; count <= 60; count += 1) await ben.say(`number ${count}`);
    await ben.sees('number 60', 'sent');
    const ada = await ChatWindow.enter(browser, server.http, 'Ada');
    await ada.sees('number 60');
    expect(await ada.texts()).toHaveLength(50);
    await ada.ask(`document.querySelector('.log').scrollTop = 0`);
    await ada.page.click('.log:not([hidden]) .earlier');
    await ada.sees('number 1');
    expect(await ada.texts()).toEqual(Array.from({ length: 60 }, (_, at) => `number ${at + 1}`));
    // What was being read has not moved away, and what comes does not pull the reader down.
    await ben.say('news');
    await ada.shows('#newest', '1 new message');
    await ada.page.click('#newest');
    await ada.page.until(`document.querySelector('#newest').hidden`);
    expect([...ada.page.problems, ...ben.page.problems]).toEqual([]);
  },
  TEST_TIMEOUT_MS,
);

withBrowser(
  'names, rooms and texts are text, whatever they look like',
  async () => {
    await using server = await serveAlone();
    await using browser = await startBrowser();
    const image = '<img src=x onerror="globalThis.hacked=1">';
    const hostile = `${server.http}/?room=${encodeURIComponent('<b onclick=hacked=1>room</b>')}`;
    const ada = await ChatWindow.enter(browser, hostile, 'Ada');
    const eve = await ChatWindow.enter(browser, hostile, image);
    const texts = [
      image,
      '<script>globalThis.hacked=1</script>',
      'javascript:globalThis.hacked=1',
      'https://example.com/"onmouseover="globalThis.hacked=1',
      '<svg onload=globalThis.hacked=1>&lt;b&gt;',
    ];
    await eve.say('');
    for (const text of texts) await eve.say(text);
    expect(await ada.sees(texts.at(-1) ?? '')).toMatchObject({ author: image });
    expect(await ada.texts()).toEqual(texts);
    await ada.shows('#people-list', image);
    await ada.shows('#room-name', '<b onclick=hacked=1>room</b>');
    for (const { page } of [ada, eve]) {
      expect(await page.evaluate('globalThis.hacked')).toBeUndefined();
      expect(
        await page.evaluate(`document.querySelectorAll('.log img, .log script, b').length`),
      ).toBe(0);
      const hrefs = `Array.from(document.querySelectorAll('.log a'), (link) => link.href)`;
      expect(await page.evaluate(hrefs)).toEqual(['https://example.com/']);
      expect(page.problems).toEqual([]);
    }
  },
  TEST_TIMEOUT_MS,
);

withBrowser(
  'the policy keeps out what is not ours, so a slip would not be a hole',
  async () => {
    await using server = await serveAlone();
    await using browser = await startBrowser();
    const page = await browser.open(server.http);
    const attempts = [
      `document.body.innerHTML = '<p>markup</p>'`,
      `document.body.setAttribute('onclick', 'hacked = 1')`,
      `document.body.appendChild(document.createElement('script')).text = 'hacked = 1'`,
    ];
    for (const attempt of attempts) {
      await expect(page.evaluate(attempt)).rejects.toThrow(/Trusted(HTML|Script)/);
    }
    await page.evaluate(`
      const violation = new Promise((seen) => {
        document.addEventListener('securitypolicyviolation', (event) => seen(event.blockedURI));
      });
      new Image().src = 'http://127.0.0.1:1/spy.png'`);
    expect(await page.evaluate('await violation')).toBe('http://127.0.0.1:1/spy.png');
    expect(page.problems.join()).toContain('Content Security Policy');
  },
  TEST_TIMEOUT_MS,
);
