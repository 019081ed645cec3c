import { afterAll, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until, within } from '../../process/deadline.ts';
import { ServerLog } from '../../process/server_log.ts';

const WAIT_MS = 20_000;
const TEST_MS_MAX = 3 * WAIT_MS;

/** In place of Centrifugo, which not every machine has: tells how it was started. */
const STAND_IN = `
const { CENTRIFUGO_HTTP_SERVER_ADDRESS: hostname, CENTRIFUGO_HTTP_SERVER_PORT: port } = process.env;
const routes = {
  '/health': Response.json({}),
  '/': Response.json({ ...process.env, arguments: process.argv.slice(2), pid: process.pid }),
};
Bun.serve({ hostname, port, routes });
process.on('SIGTERM', () => process.exit(0));
`;

const folder = mkdtempSync(join(tmpdir(), 'hubbub-centrifugo-'));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, 'stand_in.ts'), STAND_IN);

function start(program: string, flags: readonly string[] = []) {
  writeFileSync(join(folder, 'centrifugo'), `#!/bin/sh\n${program}\n`, { mode: 0o755 });
  return Bun.spawn(
    [process.execPath, join(import.meta.dir, 'server.ts'), '--port', '0', ...flags],
    {
      env: { ...process.env, PATH: `${folder}:${process.env.PATH}` },
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'pipe',
    },
  );
}

const STANDS_IN = `exec '${process.execPath}' '${join(folder, 'stand_in.ts')}' "$@"`;

test(
  'flags become settings, the line names the process that serves, and SIGTERM ends it',
  async () => {
    const child = start(STANDS_IN, ['--ping-interval-ms', '200']);
    const { listening } = new ServerLog(child.stderr);
    const { port, pid } = await within(WAIT_MS, listening, 'a line');
    const response = await fetch(`http://127.0.0.1:${port}/`);
    expect(await response.json()).toMatchObject({
      arguments: ['--config', join(import.meta.dir, 'config.json')],
      pid,
      CENTRIFUGO_CLIENT_PING_INTERVAL: '200ms',
      CENTRIFUGO_CLIENT_PONG_TIMEOUT: '180ms',
    });
    expect(pid).not.toBe(child.pid);
    child.kill('SIGTERM');
    expect(await within(WAIT_MS, child.exited, 'the end')).toBe(0);
    expect(existsSync(`/proc/${pid}`)).toBe(false);
  },
  TEST_MS_MAX,
);

test(
  'Centrifugo does not outlive the process that started it',
  async () => {
    const child = start(STANDS_IN);
    const { listening } = new ServerLog(child.stderr);
    const { pid } = await within(WAIT_MS, listening, 'a line');
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    child.kill('SIGKILL');
    await until(WAIT_MS, () => !existsSync(`/proc/${pid}`), 'the end of what it started');
  },
  TEST_MS_MAX,
);

test(
  'when Centrifugo ends at once, what it said and its status are passed on',
  async () => {
    const child = start('echo "address already in use"; exit 3');
    expect(await child.stderr.text()).toBe('address already in use\n');
    expect(await child.exited).toBe(3);
  },
  TEST_MS_MAX,
);
