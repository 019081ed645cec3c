import { expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Stage, until } from './harness.ts';

const ENTRY = new URL('../index.ts', import.meta.url).pathname;
const GZIPPED_BYTES_MAX = 8_192;

async function bundle(target: 'browser' | 'node'): Promise<string> {
  const { outputs } = await Bun.build({ entrypoints: [ENTRY], target, minify: true });
  const [output] = outputs;
  if (outputs.length !== 1 || output === undefined) throw new Error('expected one file');
  return await output.text();
}

test('the browser build needs nothing and stays small', async () => {
  const code = await bundle('browser');
  const transpiler = new Bun.Transpiler({ loader: 'js' });
  expect(transpiler.scanImports(code)).toEqual([]);
  expect(code).not.toContain('msgpackr');
  expect(Bun.gzipSync(Buffer.from(code)).length).toBeLessThan(GZIPPED_BYTES_MAX);
});

/** Node 22 has a WebSocket; before that a flag brings it. */
async function nodeCommand(): Promise<readonly string[]> {
  const child = Bun.spawn(['node', '-p', 'typeof WebSocket'], { stdout: 'pipe' });
  const kind = (await new Response(child.stdout).text()).trim();
  return kind === 'function' ? ['node'] : ['node', '--experimental-websocket'];
}

test('the same code runs in Node: it chats, is cut, comes back and goes on', async () => {
  await using stage = new Stage();
  const folder = await mkdtemp(join(tmpdir(), 'hubbub-client-'));
  try {
    await Bun.write(join(folder, 'client.mjs'), await bundle('node'));
    await Bun.write(
      join(folder, 'main.mjs'),
      `import { HubbubClient } from './client.mjs';
       const client = new HubbubClient({ url: process.argv[2], limits: { reconnect_base_ms: 5 } });
       const texts = [];
       client.on('message', ({ text }) => {
         texts.push(text);
         if (text !== 'end') return;
         console.log(JSON.stringify({ texts, user_id: client.welcome.user_id }));
         client.close();
       });
       await client.connect();
       await client.join('lobby');
       await client.send('lobby', 'from node');`,
    );
    const child = Bun.spawn([...(await nodeCommand()), join(folder, 'main.mjs'), stage.peer.url], {
      stdout: 'pipe',
      stderr: 'pipe',
    });
    await until('it has sent', () => stage.peer.room('lobby').head === 1);
    stage.peer.history[0]?.cut();
    stage.peer.publish('lobby', 'missed');
    stage.peer.publish('lobby', 'end');
    const [out, errors] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    expect({ code: await child.exited, errors }).toMatchObject({ code: 0 });
    expect(JSON.parse(out)).toEqual({ texts: ['from node', 'missed', 'end'], user_id: 'guest-1' });
  } finally {
    await rm(folder, { recursive: true });
  }
});
