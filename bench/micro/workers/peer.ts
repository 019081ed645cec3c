/** End 1 of a pair, a Worker: counts what comes, and answers each frame when it is asked to. */
import { Outlet } from '../spread/side.ts';
import { Traffic } from '../spread/traffic.ts';
import type { Courier, CourierKind, Shared } from './courier.ts';
import { couriers } from './couriers.ts';

declare const self: Worker;

/** The first and only message to this Worker; it answers `ready`. */
export interface PeerPlan {
  readonly kind: CourierKind;
  readonly shared: Shared;
  readonly answers: boolean;
}

self.onmessage = ({ data }: MessageEvent<PeerPlan>) => start(data);

async function start({ kind, shared, answers }: PeerPlan): Promise<void> {
  const received = new Int32Array(shared.received);
  const outlet = new Outlet();
  const traffic = new Traffic(false);
  let courier: Courier | undefined;
  courier = await couriers[kind](1, shared, (frame, count) => {
    outlet.publish(frame, count);
    Atomics.store(received, 0, outlet.messages);
    if (answers) courier?.send([traffic.next()]);
  });
  self.postMessage('ready');
}
