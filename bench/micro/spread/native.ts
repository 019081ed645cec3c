import { loadAddon } from '../../../server/hub/native/addon.ts';
import { NativeHub } from '../../../server/hub/native/hub.ts';
import { batchBytes, openNativeHub } from '../../../server/hub/native/open.ts';
import { SharedMemoryLog } from '../../../server/log/shared_memory.ts';
import {
  IDEMPOTENCY_IDS_MAX,
  LIMITS,
  type MakeSide,
  MEMBER,
  type Outlet,
  POOL_BYTES_MAX,
  type Side,
} from './side.ts';

/** The native hub and its memory log, wired like the server wires them. */
export const native: MakeSide = (outlet: Outlet): Side => {
  const addon = loadAddon();
  if (typeof addon === 'string') throw new Error(`no addon: it ${addon}`);
  const more = { idempotency_ids_max: IDEMPOTENCY_IDS_MAX, pool_bytes_max: POOL_BYTES_MAX };
  const id = openNativeHub(addon, { ...LIMITS, ...more }, 1);
  const events = {
    publish: (_room: number, _encoding: unknown, data: string | Uint8Array, count: number) =>
      outlet.publish(data, count),
    wake: () => undefined,
    overrun: () => undefined,
  };
  const door = new addon.Door(id, 0, events.wake);
  const hub = new NativeHub({
    door,
    events,
    onVerdict: (verdict) => log.decided(verdict),
    batch_bytes: batchBytes(LIMITS),
    clock: () => performance.now(),
  });
  const sink = {
    committed: () => undefined,
    acknowledged: () => {
      outlet.acknowledged += 1;
    },
    refused: () => undefined,
  };
  const log = new SharedMemoryLog(sink, hub, { publishes_in_flight_max: 64 });
  return {
    async open(room, encoding) {
      hub.join(hub.openRoom(room, await log.open(room)), MEMBER, encoding, undefined);
    },
    submit: (room, draft, token) => log.submit(room, draft, token),
    flush: () => hub.flush(performance.now()),
    close() {
      door.detach();
      addon.closeHub(id);
    },
  };
};
