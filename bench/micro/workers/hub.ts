import { loadAddon } from '../../../server/hub/native/addon.ts';
import { NativeHub } from '../../../server/hub/native/hub.ts';
import { batchBytes, openNativeHub } from '../../../server/hub/native/open.ts';
import type { HubEvents } from '../../../server/hub/port.ts';
import { IDEMPOTENCY_IDS_MAX, LIMITS, MEMBER, POOL_BYTES_MAX } from '../spread/side.ts';
import type { MakeCourier } from './courier.ts';

const WORKERS = 2;

/** @returns the number of a hub for the pair */
export function openHub(flush_interval_ms: number): number {
  const more = { idempotency_ids_max: IDEMPOTENCY_IDS_MAX, pool_bytes_max: POOL_BYTES_MAX };
  return openNativeHub(requireAddon(), { ...LIMITS, ...more, flush_interval_ms }, WORKERS);
}

/** A room for each direction: one Worker sequences, the other has a member in it. */
export const hub: MakeCourier = async (end, shared, receive) => {
  const addon = requireAddon();
  let delivery: [frame: string | Uint8Array, count: number][] = [];
  let isImmediate = false;
  let timer: NodeJS.Timeout | undefined;
  const wake = (due_ms: number): void => {
    const wait_ms = due_ms - clock();
    if (wait_ms > 0) {
      timer ??= setTimeout(flush, Math.ceil(wait_ms));
    } else if (!isImmediate) {
      isImmediate = true;
      setImmediate(flush);
    }
  };
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    isImmediate = false;
    native.flush(clock());
    const due_ms = native.nextDue_ms();
    if (due_ms !== undefined) wake(due_ms);
    // Outside of the hub's call: the answer to a frame is the next one to be sequenced.
    const arrived = delivery;
    delivery = [];
    for (const [frame, count] of arrived) receive(frame, count);
  };
  const events: HubEvents = {
    publish: (_room, _encoding, data, count) => delivery.push([data, count]),
    // What the worker itself has written leaves with `send`: only the other one has to wake it.
    wake: () => undefined,
    overrun: () => undefined,
  };
  const door = new addon.Door(shared.hub, end, wake);
  const native = new NativeHub({
    door,
    events,
    onVerdict: () => undefined,
    batch_bytes: batchBytes(LIMITS),
    clock,
  });
  const start = { epoch: '1', head: 0, tail: [] };
  const inbox = native.openRoom(`to ${end}`, start);
  const outbox = native.openRoom(`to ${1 - end}`, start);
  native.join(inbox, MEMBER, 'ndjson', undefined);
  let token = 0;
  return {
    send(batch) {
      for (const draft of batch) {
        token += 1;
        native.sequence(outbox, draft, token);
      }
      flush();
    },
  };
};

/** One origin for all threads of the process. */
const clock = (): number => performance.timeOrigin + performance.now();

function requireAddon() {
  const addon = loadAddon();
  if (typeof addon === 'string') throw new Error(`no addon: it ${addon}`);
  return addon;
}
