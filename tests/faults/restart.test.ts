import { expect, test } from 'bun:test';
import { HubbubClient } from '../../client/index.ts';
import { eventually } from '../support/eventually.ts';
import { type ServerProcess, spawnServer } from '../support/process.ts';
import { RawSocket } from '../support/raw_socket.ts';
import { statsOf, totalsOf } from '../support/serve.ts';

const TEST_DEADLINE_MS = 180_000;
const WAIT_MS = 60_000;
const CLIENTS = 10_000;
const STALLED = 100;
const WINDOW_MS = 8_000;
/** Handshakes at a time: what a listen queue holds. */
const CONNECTING_MAX = 200;

/** The balancer in front of two servers: new connections go to whichever is in service. */
class Balancer {
  inService: ServerProcess;

  constructor(first: ServerProcess) {
    this.inService = first;
  }

  /** What a client takes for its WebSocket. */
  get socketClass(): typeof WebSocket {
    const balancer = this;
    return class extends WebSocket {
      constructor(url: string | URL, protocols?: string | string[]) {
        const behind = new URL(url);
        behind.port = String(balancer.inService.port);
        super(behind.href, protocols);
      }
    } as typeof WebSocket;
  }
}

/** One client and when it was without a connection. */
class Observer {
  readonly client: HubbubClient;
  readonly received: string[] = [];
  away_since_ms: number | undefined;
  returned_at_ms: number | undefined;
  away_ms = 0;

  constructor(balancer: Balancer, index: number) {
    this.client = new HubbubClient({
      url: 'ws://127.0.0.1/ws',
      WebSocket: balancer.socketClass,
      name: `c${index}`,
    });
    this.client.on('message', ({ text }) => this.received.push(text));
    this.client.on('state', ({ state }) => {
      if (state === 'waiting') this.away_since_ms ??= performance.now();
    });
    this.client.on('joined', () => {
      if (this.away_since_ms === undefined) return;
      this.returned_at_ms = performance.now();
      this.away_ms = Math.max(this.away_ms, this.returned_at_ms - this.away_since_ms);
      this.away_since_ms = undefined;
    });
  }

  async join(): Promise<void> {
    await this.client.connect();
    await this.client.join('lobby');
  }
}

test(
  `row 26: ${CLIENTS} clients go over to another instance, each at its moment, and hear what is said there`,
  async () => {
    const options = {
      workers: 2,
      reconnect_jitter_ms: WINDOW_MS,
      shutdown_timeout_ms: WINDOW_MS + 10_000,
      presence_interval_ms: 1_000,
    };
    const [first, second] = [await spawnServer(options), await spawnServer(options)];
    const balancer = new Balancer(first);
    const observers = Array.from({ length: CLIENTS }, (_, index) => new Observer(balancer, index));
    const stalled: RawSocket[] = [];
    try {
      for (let from = 0; from < CLIENTS; from += CONNECTING_MAX) {
        await Promise.all(observers.slice(from, from + CONNECTING_MAX).map((one) => one.join()));
      }
      for (let n = 0; n < STALLED; n += 1) {
        const peer = await RawSocket.join(first.port, 'lobby', { source: '127.0.0.2' });
        peer.stall();
        stalled.push(peer);
      }
      expect(totalsOf(await statsOf(first)).connections).toBe(CLIENTS + STALLED);

      balancer.inService = second;
      const stopped = first.stop('SIGTERM');
      expect(await stopped).toBe(0);
      await eventually(
        'everybody is back',
        () => observers.every(({ returned_at_ms }) => returned_at_ms !== undefined),
        WAIT_MS,
      );
      expect(totalsOf(await statsOf(second)).hub.members).toBe(CLIENTS);
      // Moments are drawn evenly from the window; a machine that is busy may bunch some of them.
      const seconds = Map.groupBy(observers, ({ returned_at_ms = 0 }) =>
        Math.floor(returned_at_ms / 1_000),
      );
      const busiest = Math.max(...seconds.values().map((ones) => ones.length));
      expect(busiest).toBeLessThan(CLIENTS / 2);
      const aways = observers.map(({ away_ms }) => away_ms).toSorted((a, b) => a - b);
      expect(aways.at(-1)).toBeLessThan(WINDOW_MS);

      await observers[0]?.client.send('lobby', 'welcome over here');
      await eventually(
        'everybody hears it',
        () => observers.every(({ received }) => received.length > 0),
        WAIT_MS,
      );
      expect(observers.filter(({ received }) => received.length !== 1)).toEqual([]);
    } finally {
      for (const { client } of observers) client.close();
      for (const peer of stalled) peer[Symbol.dispose]();
      await Promise.all([first.stop('SIGKILL'), second.stop('SIGTERM')]);
    }
  },
  TEST_DEADLINE_MS,
);
