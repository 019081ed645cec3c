import { expect } from 'bun:test';
import { openPage } from './support/chromium.ts';
import { spawnServer } from './support/process.ts';
import { Actor } from './support/protocol_doc_actor.ts';
import { requires } from './support/requires.ts';

/** What somebody types who has opened the browser's console on any page of the server. */
const GREETING = `
  const received = []
  const next = async (type) => {
    for (;;) {
      const index = received.findIndex((message) => message.type === type)
      if (index !== -1) return received.splice(index, 1)[0]
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  const connect = (query, protocols) => {
    const socket = new WebSocket(location.origin.replace('http', 'ws') + '/ws' + query, protocols)
    socket.onmessage = ({ data }) => {
      for (const line of data.split('\\n')) received.push(JSON.parse(line))
    }
    return socket
  }
  const socket = connect('?name=Ada&room=console')
  const say = (message) => socket.send(JSON.stringify(message))`;

const TEST_TIMEOUT_MS = 60_000;

requires('chromium')(
  "a person chats from the browser's console",
  async () => {
    const server = await spawnServer();
    try {
      await using page = await openPage(`${server.http}/healthz`);
      expect(await page.evaluate('JSON.parse(document.body.innerText).status')).toBe('ok');

      await page.evaluate(GREETING);
      expect(await page.evaluate(`await next('welcome')`)).toMatchObject({ username: 'Ada' });
      const joined = await page.evaluate(`await next('joined')`);
      expect(joined).toMatchObject({ room: 'console', offset: 0, user_count: 1 });
      expect(await page.evaluate('socket.protocol')).toBe('');

      const ben = await Actor.open(`${server.url}?name=Ben&room=console`, 'hubbub.v1.json');
      await ben.next('replies and records');
      await ben.next('replies and records');

      await page.evaluate(`say({ type: 'chat', room: 'console', text: 'Grüße 👋', id: 'm1' })`);
      const record = { type: 'message', room: 'console', from: 'Ada', text: 'Grüße 👋', offset: 1 };
      expect(await page.evaluate(`await next('ack')`)).toMatchObject({ id: 'm1', offset: 1 });
      expect(await page.evaluate(`await next('message')`)).toMatchObject(record);
      expect((await ben.next('replies and records')).message).toMatchObject(record);

      ben.send([{ type: 'message', room: 'console', text: 'Hello, browser.' }]);
      expect(await page.evaluate(`await next('message')`)).toMatchObject({
        from: 'Ben',
        text: 'Hello, browser.',
        offset: 2,
      });
      await ben.close();
    } finally {
      expect(await server.stop()).toBe(0);
    }
  },
  TEST_TIMEOUT_MS,
);

requires('chromium')(
  'a browser chooses an encoding, and sees why it was sent away',
  async () => {
    const server = await spawnServer();
    try {
      await using page = await openPage(`${server.http}/healthz`);
      await page.evaluate(GREETING);
      await page.evaluate(`await next('welcome')`);

      await page.evaluate(`const batched = connect('?name=Ben', ['hubbub.v1.ndjson'])`);
      expect(await page.evaluate(`await next('welcome')`)).toMatchObject({ username: 'Ben' });
      expect(await page.evaluate('batched.protocol')).toBe('hubbub.v1.ndjson');
      await page.evaluate(`batched.send('{"type":"ping","id":"1"}\\n{"type":"ping","id":"2"}')`);
      expect(await page.evaluate(`[await next('pong'), await next('pong')]`)).toEqual([
        { type: 'pong', id: '1' },
        { type: 'pong', id: '2' },
      ]);

      await page.evaluate(`const closed = new Promise((resolve) => batched.onclose = resolve)`);
      await page.evaluate(`batched.send('{"type":"auth","token":"made up"}')`);
      expect(await page.evaluate(`await next('error')`)).toMatchObject({ code: 'token_invalid' });
      expect(await page.evaluate('(await closed).code')).toBe(4501);
    } finally {
      expect(await server.stop()).toBe(0);
    }
  },
  TEST_TIMEOUT_MS,
);
