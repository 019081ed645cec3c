import { describe, expect, test } from 'bun:test';
import { type Gap, HubbubClient, json, ndjson, type Receipt } from '../client/index.ts';
import { messagepack } from '../client/messagepack.ts';
import type { ConnectLog } from '../server/app.ts';
import { Random } from '../server/log/random.ts';
import { SimulatedLog } from '../server/log/simulated.ts';
import { nasty } from '../server/log/simulated_options.ts';
import { eventually } from './support/eventually.ts';
import { startServer } from './support/server.ts';
import { TORTURE_OPTIONS } from './torture/options.ts';

const SEED = Date.now() % 1_000_000;
const ENCODINGS = [json, ndjson, messagepack];
const CLIENTS = 9;
const SENDS_EACH = 60;
const DEADLINE_MS = 60_000;

/** Sockets that somebody pulls the plug of: cut without a Close frame. */
class CutWebSocket extends WebSocket {
  static readonly open = new Set<CutWebSocket>();

  constructor(url: string, protocols: string[]) {
    super(url, protocols);
    CutWebSocket.open.add(this);
    this.addEventListener('close', () => CutWebSocket.open.delete(this));
  }

  static cutOne(random: Random): void {
    const sockets = [...CutWebSocket.open];
    sockets[random.between(0, sockets.length - 1)]?.terminate();
  }
}

const nastyLog: ConnectLog = (sink) =>
  new SimulatedLog(sink, {
    ...nasty,
    // A room that is slow to load or read only makes the test longer.
    open_failure_probability: 0,
    idempotency_ids_max: TORTURE_OPTIONS.idempotency_ids_max ?? 0,
    seed: SEED,
  });

interface Witness {
  readonly client: HubbubClient;
  readonly seen: { readonly offset: number; readonly text: string }[];
  readonly gaps: Gap[];
}

async function arrive(url: string, index: number): Promise<Witness> {
  const encoding = ENCODINGS[index % ENCODINGS.length] ?? json;
  const client = new HubbubClient({
    url,
    encoding,
    name: `client${index}`,
    WebSocket: CutWebSocket,
    limits: { reconnect_base_ms: 20, reconnect_cap_ms: 200 },
  });
  const witness: Witness = { client, seen: [], gaps: [] };
  client.on('message', ({ offset, text }) => witness.seen.push({ offset, text }));
  client.on('gap', (gap) => witness.gaps.push(gap));
  await client.connect();
  await client.join('lobby');
  return witness;
}

describe.each([
  ['memory log', undefined],
  ['simulated log at its nastiest', nastyLog],
] as const)('over the %s', (_, connectLog) => {
  test(
    `clients whose connections are cut see every message once and in order, seed ${SEED}`,
    async () => {
      const random = new Random(SEED);
      const server = startServer({ ...TORTURE_OPTIONS, history_records_max: 10_000 }, connectLog);
      const witnesses = await Promise.all(
        Array.from({ length: CLIENTS }, (_one, index) => arrive(server.url, index)),
      );
      const cutter = setInterval(() => CutWebSocket.cutOne(random), 25);
      const sends = witnesses.map(async ({ client }, sender) => {
        const receipts: Promise<Receipt>[] = [];
        for (let count = 0; count < SENDS_EACH; count += 1) {
          receipts.push(client.send('lobby', `${sender}:${count}`));
          await Bun.sleep(random.between(0, 40));
        }
        return Promise.all(receipts);
      });
      const receipts = (await Promise.all(sends)).flat();
      clearInterval(cutter);
      await eventually('everybody has everything', () =>
        witnesses.every(({ seen }) => seen.length >= CLIENTS * SENDS_EACH),
      );

      const [first] = witnesses;
      const offsets = first?.seen.map(({ offset }) => offset) ?? [];
      expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b));
      expect(new Set(first?.seen.map(({ text }) => text)).size).toBe(CLIENTS * SENDS_EACH);
      for (const { seen, gaps } of witnesses) {
        expect(gaps).toEqual([]);
        expect(seen).toEqual(first?.seen ?? []);
      }
      expect(receipts.map(({ offset }) => offset).sort((a, b) => a - b)).toEqual(offsets);
      for (const { client } of witnesses) client.close();
      await server.stop();
    },
    DEADLINE_MS,
  );
});
