import { afterEach, expect, test } from 'bun:test';
import { UsageError } from '../command/options.ts';
import { confirmHub, HUBS } from './hub.ts';
import { hubbub, startServer } from './server.ts';

const servers: ReturnType<typeof Bun.serve>[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop(true);
});

function startWith(health: object): number {
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: () => Response.json(health),
  });
  servers.push(server);
  return server.port ?? 0;
}

test('a server that runs the other hub is refused by name, whichever was asked for', async () => {
  for (const [asked, runs] of [HUBS, HUBS.toReversed()] as const) {
    if (asked === undefined || runs === undefined) throw new Error('two hubs are compared');
    const confirmed = confirmHub(
      startWith({ status: 'ok', hub: runs }),
      `hubbub ${asked} json`,
      asked,
    );
    await expect(confirmed).rejects.toThrow(UsageError);
    await expect(confirmed).rejects.toThrow(
      `hubbub ${asked} json was to run the ${asked} hub and runs the ${runs} one.`,
    );
    await confirmHub(startWith({ status: 'ok', hub: asked }), `hubbub ${asked} json`, asked);
  }
  await expect(confirmHub(startWith({ status: 'ok' }), 'hubbub', 'native')).rejects.toThrow('say');
});

test('a server that cannot be what it is asked to be is no crash', async () => {
  const plan = hubbub({ encoding: 'json', hub: 'script', workers: 2, cpus: [0], flags: [] });
  const started = startServer(plan);
  await expect(started).rejects.toThrow(UsageError);
  await expect(started).rejects.toThrow('hubbub script ×2 json cannot be started: hubbub: ');
});

test('a server is asked as it starts', async () => {
  const hub = 'native';
  const { command, ...plan } = hubbub({ encoding: 'json', hub, workers: 1, cpus: [0], flags: [] });
  const other = command.map((word) => (word === 'native' ? 'script' : word));
  await expect(startServer({ ...plan, command: other })).rejects.toThrow(
    'hubbub native json was to run the native hub and runs the script one.',
  );
});
