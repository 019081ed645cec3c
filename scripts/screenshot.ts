/**
 * Takes the pictures of the chat page for the README, light and dark:
 *
 *   bun run screenshot
 *
 * Two people chat in a headless Chromium, one of them through a connection that breaks for a moment.
 */
import { join } from 'node:path';
import { ChatWindow } from '../tests/support/chat_window.ts';
import { startBrowser } from '../tests/support/chromium.ts';
import { startRelay } from '../tests/support/relay.ts';
import { serveAlone } from '../tests/support/serve.ts';
import { root } from './boot/project.ts';

const FOLDER = join(root, 'docs/images');
const WINDOW = { width: 1120, height: 660, scale: 1.5 } as const;

await using server = await serveAlone();
await using relay = await startRelay(server.port);
await using browser = await startBrowser();

const ada = await ChatWindow.enter(browser, `${relay.http}/?room=release`, 'Ada');
await ada.page.look({ ...WINDOW, width: 1280 });
await ada.joins('lobby');
await ada.joins('kitchen');
await ada.page.click('[data-room=release]');
const ben = await ChatWindow.enter(browser, `${server.http}/?room=release`, 'Ben');

await ben.say('Morning! The build is up: https://example.com/next');
await ada.sees('Morning! The build is up: https://example.com/next');
await ada.say('Brilliant. I will try it on the train.');
await ben.sees('Brilliant. I will try it on the train.');

relay.cut();
await ada.shows('#connection', 'Offline');
await ada.say('Tunnel. Can you see this?');
await ben.say('One thing: the old links still work, so no rush');
await ben.say('And tests are green on all three machines');
relay.restore();
await ada.seesMark('While you were away');
await ada.sees('Tunnel. Can you see this?', 'sent');
await ada.page.until(`document.querySelector('#connection-text').textContent === ''`);

await ben.joins('kitchen');
await ben.say('Who is in for lunch?');
await ada.shows('[data-room=kitchen]', '1');
await ben.page.click('[data-room=release]');
await ben.say('Loud and clear, and only once');
await ada.sees('Loud and clear, and only once');
await ben.write('Shall we');
await ada.shows('#typing', 'Ben is typing');

for (const [name, scheme] of [
  ['chat', 'light'],
  ['chat_dark', 'dark'],
] as const) {
  await ada.page.look({ ...WINDOW, scheme, reducedMotion: true });
  await Bun.write(join(FOLDER, `${name}.png`), await ada.page.screenshot());
}
