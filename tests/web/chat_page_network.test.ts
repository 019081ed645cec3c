import { expect } from 'bun:test';
import { HubbubClient } from '../../client/index.ts';
import { ChatWindow, IMPATIENT } from '../support/chat_window.ts';
import { startBrowser } from '../support/chromium.ts';
import { eventually } from '../support/eventually.ts';
import { spawnServer } from '../support/process.ts';
import { startRelay } from '../support/relay.ts';
import { requires } from '../support/requires.ts';
import { serveAlone } from '../support/serve.ts';

const withBrowser = requires('chromium');

const TEST_TIMEOUT_MS = 90_000;

/** Somebody in the lobby who needs no browser. */
async function joinLobby(url: string, name: string): Promise<HubbubClient & Disposable> {
  const client = new HubbubClient({ url, name, limits: { reconnect_cap_ms: 200 } });
  await client.connect();
  await client.join('lobby');
  return Object.assign(client, { [Symbol.dispose]: () => client.close() });
}

withBrowser(
  'a lost connection shows, what is written meanwhile is sent once, what was missed is marked',
  async () => {
    await using server = await serveAlone();
    await using relay = await startRelay(server.port);
    await using browser = await startBrowser();
    const ada = await ChatWindow.enter(browser, relay.http, 'Ada');
    using ben = await joinLobby(server.url, 'Ben');
    const heard: string[] = [];
    ben.on('message', ({ text }) => heard.push(text));
    await ben.send('lobby', 'before');
    await ada.sees('before');

    relay.cut();
    await ada.shows('#connection', 'Offline');
    await ada.page.until(
      `/Next try in \\d+ s/.test(document.querySelector('#connection').innerText)`,
    );
    await ada.say('written offline');
    await ada.sees('written offline', 'sending');
    for (const text of ['missed one', 'missed two']) await ben.send('lobby', text);
    relay.restore();

    await ada.sees('written offline', 'sent');
    await ada.seesMark('While you were away: 2 messages');
    expect(await ada.texts()).toEqual(['before', 'missed one', 'missed two', 'written offline']);
    const rows = `Array.from(document.querySelectorAll('.log > :not(.day, .earlier)'), (row) => row.className)`;
    expect(await ada.ask(rows)).toEqual(['message', 'mark', 'message', 'message', 'message']);
    await ada.page.until(`document.querySelector('#connection-text').textContent === ''`);
    await ben.send('lobby', 'after');
    await ada.sees('after');
    await eventually('Ben has heard it', () => heard.length >= 5);
    expect(heard).toEqual(['before', 'missed one', 'missed two', 'written offline', 'after']);
    expect(ada.page.problems).toEqual([]);
  },
  TEST_TIMEOUT_MS,
);

withBrowser(
  'a server that is killed and started again: the page comes back and says what may be missing',
  async () => {
    const killed = await spawnServer();
    await using browser = await startBrowser();
    const ada = await ChatWindow.enter(browser, killed.http, 'Ada');
    await ada.say('to the old one');
    await ada.sees('to the old one', 'sent');
    await killed.stop('SIGKILL');
    await ada.shows('#connection', 'Offline');
    await ada.say('to whom it may concern');

    await using server = await serveAlone({ port: killed.port });
    await ada.isOnline();
    await ada.sees('to whom it may concern', 'sent');
    await ada.seesMark('The server started anew');
    using ben = await joinLobby(server.url, 'Ben');
    await ben.send('lobby', 'welcome back');
    expect(await ada.sees('welcome back')).toMatchObject({ author: 'Ben' });
    expect(await ada.texts()).toEqual(['to the old one', 'to whom it may concern', 'welcome back']);
    expect(ada.page.problems).toEqual([]);
  },
  TEST_TIMEOUT_MS,
);

withBrowser(
  'a server that does not know its guests any more: the name stays, and so does what was said',
  async () => {
    const former = await spawnServer();
    await using browser = await startBrowser();
    const ada = await ChatWindow.enter(browser, former.http, 'Ada');
    await ada.say('from my former self');
    await ada.sees('from my former self', 'sent');
    await former.stop();
    await using server = await serveAlone({
      port: former.port,
      session_secret: 'another secret for tests',
    });
    await ada.isOnline();
    using ben = await joinLobby(server.url, 'Ben');
    await ben.send('lobby', 'still you?');
    await ada.sees('still you?');
    await ada.say('still me');
    expect(await ada.sees('still me', 'sent')).toMatchObject({ own: true });
    expect(await ada.sees('from my former self')).toMatchObject({ own: true });
    expect(await ada.ask(`document.querySelector('#me-name').textContent`)).toBe('Ada');
    expect(ada.page.problems).toEqual([]);
  },
  TEST_TIMEOUT_MS,
);

withBrowser(
  'a message that was not sent says so, and is sent again or discarded by a button',
  async () => {
    await using server = await serveAlone();
    await using relay = await startRelay(server.port);
    await using browser = await startBrowser();
    const ada = await ChatWindow.enter(browser, relay.http, 'Ada', IMPATIENT);
    using ben = await joinLobby(server.url, 'Ben');
    const heard: string[] = [];
    ben.on('message', ({ text }) => heard.push(text));

    relay.cut();
    await ada.shows('#connection', 'Offline');
    await ada.say('first try');
    await ada.say('a slip');
    await ada.sees('first try', 'failed');
    await ada.sees('a slip', 'failed');
    await ada.shows('.failure:not([hidden])', 'Not sent.');
    await ada.page.click('.message:last-child .failure button:last-child');
    await ada.page.until(`document.querySelectorAll('.message').length === 1`);
    expect(await ada.ask('document.activeElement.id')).toBe('text');
    relay.restore();
    await ada.isOnline();
    await ada.page.click('.failure button');
    await ada.sees('first try', 'sent');
    await ben.send('lobby', 'received');
    await eventually('Ben has heard it', () => heard.length >= 2);
    expect(heard).toEqual(['first try', 'received']);
    expect(await ada.ask(`document.querySelectorAll('.failure:not([hidden])').length`)).toBe(0);
    expect(ada.page.problems).toEqual([]);
  },
  TEST_TIMEOUT_MS,
);

withBrowser(
  'the server says no to a room, and the page says why',
  async () => {
    await using server = await serveAlone({ rooms: 'lobby,kitchen' });
    await using browser = await startBrowser();
    const ada = await ChatWindow.enter(browser, `${server.http}/?room=cellar`, 'Ada');
    await ada.shows('#notice', 'The room “cellar” is not open to you.');
    await ada.joins('kitchen');
    await ada.page.click('#notice-close');
    expect(await ada.ask(`document.querySelector('#notice').offsetHeight`)).toBe(0);
    expect(ada.page.problems).toEqual([]);
  },
  TEST_TIMEOUT_MS,
);
