import { expect } from 'bun:test';
import { spawnServer } from './support/process.ts';
import { pathOf, requires } from './support/requires.ts';

const SCRIPT = new URL('python_client.py', import.meta.url).pathname;
const DEADLINE_MS = 60_000;

/** Scenes of tests/python_client.py, each printed once it went well. */
const SCENES = [
  'two_clients_chat',
  'recovery_after_a_cut',
  'sending_again_is_harmless',
  'batches_with_ndjson',
  'errors_and_pings',
];

requires('python-websockets')(
  'a Python client written from the protocol document chats, recovers, and resends',
  async () => {
    const server = await spawnServer();
    try {
      const client = Bun.spawn([pathOf('python-websockets'), SCRIPT, server.url], {
        stdin: 'ignore',
        stdout: 'pipe',
        stderr: 'pipe',
        timeout: DEADLINE_MS,
      });
      const [scenes, complaints, status] = await Promise.all([
        client.stdout.text(),
        client.stderr.text(),
        client.exited,
      ]);
      expect({ status, scenes: scenes.trim().split('\n'), complaints }).toMatchObject({
        status: 0,
        scenes: SCENES,
      });
    } finally {
      expect(await server.stop()).toBe(0);
    }
  },
  DEADLINE_MS + 30_000,
);
