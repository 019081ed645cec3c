import { expect, test } from 'bun:test';
import { HubbubClient } from '../../client/index.ts';
import { eventually } from '../support/eventually.ts';
import { spawnServer } from '../support/process.ts';
import { countersOf, statsOf, totalsOf } from '../support/serve.ts';

const TEST_DEADLINE_MS = 120_000;
const WAIT_MS = 60_000;
const CLIENTS = 2_000;
const OPTIONS = { workers: 2, presence_interval_ms: 1_000 };
/** A tenth of the crowd at once, and a quarter of it each second. */
const CAP = { accept_rate: CLIENTS / 4, accept_burst: CLIENTS / 10 };

test(
  'row 25: all clients come back at once: some wait their turn, all get in, nothing is said twice',
  async () => {
    const first = await spawnServer(OPTIONS);
    const heard = Array.from({ length: CLIENTS }, () => [] as string[]);
    const clients = heard.map((texts, index) => {
      const client = new HubbubClient({
        url: first.url,
        name: `c${index}`,
        limits: { reconnect_base_ms: 100, reconnect_cap_ms: 2_000 },
      });
      client.on('message', ({ text }) => texts.push(text));
      return client;
    });
    for (let from = 0; from < CLIENTS; from += 100) {
      const some = clients.slice(from, from + 100);
      await Promise.all(some.map((client) => client.connect().then(() => client.join('lobby'))));
    }
    await first.stop('SIGKILL');
    const second = await spawnServer({ ...OPTIONS, ...CAP, port: first.port });
    try {
      // Those who are in are served while the others knock.
      await eventually(
        'everybody is back',
        async () => totalsOf(await statsOf(second)).hub.members === CLIENTS,
        WAIT_MS,
      );
      const { upgrades_refused, handler_failures } = countersOf(await statsOf(second));
      expect(upgrades_refused.too_fast).toBeGreaterThan(0);
      expect(handler_failures).toBe(0);
      await clients[0]?.send('lobby', 'all here?');
      const everybody = () => heard.every((texts) => texts.length > 0);
      await eventually('everybody hears it', everybody, WAIT_MS);
      expect(heard.filter((texts) => texts.length !== 1)).toEqual([]);
    } finally {
      for (const client of clients) client.close();
      await second.stop();
    }
  },
  TEST_DEADLINE_MS,
);

test('row 25: who comes too fast is told when to come back', async () => {
  const server = await spawnServer({ workers: 1, accept_rate: 1, accept_burst: 2 });
  try {
    const statuses: (readonly [number, string | null])[] = [];
    for (let n = 0; n < 4; n += 1) {
      const response = await fetch(`${server.http}/ws`, {
        headers: {
          connection: 'upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
        },
      });
      statuses.push([response.status, response.headers.get('retry-after')]);
    }
    expect(statuses.filter(([status]) => status === 503).length).toBeGreaterThanOrEqual(1);
    for (const [status, after] of statuses) expect(after).toBe(status === 503 ? '5' : null);
  } finally {
    await server.stop();
  }
});
