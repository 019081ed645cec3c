import { HubbubClient, type HubbubError, type RoomMessage } from '../index.ts';
import type { ClientLimits, ClientOptions } from '../options.ts';
import { FakePeer } from './fake_peer.ts';

/** Waits short enough for tests, in the proportions of the defaults. */
export const QUICK: Partial<ClientLimits> = {
  connect_timeout_ms: 2_000,
  reconnect_base_ms: 4,
  reconnect_cap_ms: 40,
  rejoin_base_ms: 2,
  stable_after_ms: 1,
};

const PATIENCE_MS = 10_000;

/** A peer and its clients, all gone when the test ends. */
export class Stage implements AsyncDisposable {
  readonly peer = new FakePeer();
  readonly #clients: HubbubClient[] = [];

  client(options: Partial<ClientOptions> = {}): HubbubClient {
    const { limits, ...rest } = options;
    const client = new HubbubClient({
      url: this.peer.url,
      limits: { ...QUICK, ...limits },
      ...rest,
    });
    this.#clients.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.peer.stop();
  }
}

/** Waits until something holds. @throws when it does not in time */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await Bun.sleep(1);
  }
}

/** The error a promise rejects with. @throws when it resolves */
export async function rejection(promise: Promise<unknown>): Promise<HubbubError> {
  const outcome = await promise.then(
    () => undefined,
    (error: HubbubError) => error,
  );
  if (outcome === undefined) throw new Error('expected a rejection');
  return outcome;
}

/** Everything a client tells, in one list and in its order. */
export function record(client: HubbubClient): Told {
  const told: Told = { messages: [], order: [], states: [] };
  client.on('message', (message) => {
    told.messages.push(message);
    told.order.push(`${message.offset}:${message.text}`);
  });
  client.on('gap', ({ reason, lost }) =>
    told.order.push(lost === undefined ? `gap ${reason}` : `gap ${lost.first}-${lost.last}`),
  );
  client.on('joined', ({ offset }) => told.order.push(`joined ${offset}`));
  client.on('left', ({ room, error }) => told.order.push(`left ${room} ${error?.code ?? ''}`));
  client.on('state', ({ state }) => told.states.push(state));
  return told;
}

export interface Told {
  readonly messages: RoomMessage[];
  readonly order: string[];
  readonly states: string[];
}
