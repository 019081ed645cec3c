import { once } from 'node:events';
import { OPTIONS } from '../../../server/config/options.ts';
import { Outlet } from '../spread/side.ts';
import { Traffic } from '../spread/traffic.ts';
import type { Case, Suite } from '../suite.ts';
import { type CourierKind, RING_BYTES, RING_CONTROL_BYTES, type Shared } from './courier.ts';
import { couriers } from './couriers.ts';
import { openHub } from './hub.ts';
import type { PeerPlan } from './peer.ts';

/** Loaded as the program of the second Worker: its path below this folder's parent. */
const PEER = new URL('../workers/peer.ts', import.meta.url);

export const PAIR_CASES = {
  single: 'batches of 1 message',
  batch: 'batches of 16 messages',
  roundTrip: 'round trip of 1 message',
} as const;

const MESSAGES_PER_RUN = 16_384;
/** Written, and not yet received: neither end may run away. */
const IN_FLIGHT_MAX = 2_048;
const READY_MS_MAX = 10_000;
/** The server's own window, and none. */
const WINDOWS_MS: Readonly<Partial<Record<CourierKind, number>>> = {
  hub: OPTIONS.flush_interval_ms.default,
  'hub without window': 0,
};

/** Runs in the first Worker of a pair and starts the second. */
export const pairsOf = (kind: CourierKind): Suite =>
  new Map([
    [PAIR_CASES.single, () => pour(kind, 1)],
    [PAIR_CASES.batch, () => pour(kind, 16)],
    [PAIR_CASES.roundTrip, () => roundTrip(kind)],
  ]);

/** As much as the other end takes. */
async function pour(kind: CourierKind, batch: number): Promise<Case> {
  const shared = await startPeer(kind, batch, false);
  const received = new Int32Array(shared.received);
  const courier = await couriers[kind](0, shared, () => undefined);
  const traffic = new Traffic(false);
  let sent = 0;
  const inFlight = (): number => (sent - Atomics.load(received, 0)) | 0;
  return {
    operations: MESSAGES_PER_RUN / batch,
    warmup_runs: 5,
    involvesOthers: true,
    async run() {
      let left = MESSAGES_PER_RUN;
      while (left > 0) {
        while (left > 0 && inFlight() < IN_FLIGHT_MAX) {
          courier.send(Array.from({ length: batch }, () => traffic.next()));
          sent += batch;
          left -= batch;
        }
        await nextTurn();
      }
      while (inFlight() > 0) await nextTurn();
    },
  };
}

/** One message there and one back, nothing else going on. */
async function roundTrip(kind: CourierKind): Promise<Case> {
  const shared = await startPeer(kind, 1, true);
  const outlet = new Outlet();
  let arrived = (): void => undefined;
  const courier = await couriers[kind](0, shared, (frame, count) => {
    outlet.publish(frame, count);
    arrived();
  });
  const traffic = new Traffic(false);
  return {
    operations: 1,
    warmup_runs: 1_000,
    involvesOthers: true,
    run() {
      const answer = new Promise<void>((resolve) => {
        arrived = resolve;
      });
      courier.send([traffic.next()]);
      return answer;
    },
  };
}

async function startPeer(kind: CourierKind, batch: number, answers: boolean): Promise<Shared> {
  const memory = (): SharedArrayBuffer => new SharedArrayBuffer(RING_CONTROL_BYTES + RING_BYTES);
  const shared: Shared = {
    name: `${kind} ${batch} ${answers}`,
    batch,
    hub: WINDOWS_MS[kind] === undefined ? 0 : openHub(WINDOWS_MS[kind]),
    rings: kind === 'ring' ? [memory(), memory()] : [],
    received: new SharedArrayBuffer(8),
  };
  const peer = new Worker(PEER.href);
  const plan: PeerPlan = { kind, shared, answers };
  peer.postMessage(plan);
  await once(peer, 'message', { signal: AbortSignal.timeout(READY_MS_MAX) });
  return shared;
}

const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });
