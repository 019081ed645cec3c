import type { RoomHandle } from '../../../server/hub/port.ts';
import { ScriptHub } from '../../../server/hub/script.ts';
import { MemoryLog } from '../../../server/log/memory.ts';
import { IDEMPOTENCY_IDS_MAX, LIMITS, type MakeSide, MEMBER, type Outlet } from './side.ts';

interface LiveRoom {
  readonly epoch: string;
  readonly handle: RoomHandle;
}

/** The hub and the memory log in TypeScript, wired like the server wires them. */
export const script: MakeSide = (outlet: Outlet) => {
  const rooms = new Map<string, LiveRoom>();
  const hub = new ScriptHub(LIMITS, {
    publish: (_room, _encoding, data, count) => outlet.publish(data, count),
    wake: () => undefined,
    overrun: () => undefined,
  });
  const sink: ConstructorParameters<typeof MemoryLog>[0] = {
    committed(name, epoch, records) {
      const live = rooms.get(name);
      if (live?.epoch === epoch) hub.append(live.handle, records);
    },
    acknowledged() {
      outlet.acknowledged += 1;
    },
    refused: () => undefined,
  };
  const log = new MemoryLog(sink, { idempotency_ids_max: IDEMPOTENCY_IDS_MAX });
  return {
    async open(room, encoding) {
      const opened = await log.open(room);
      const handle = hub.openRoom(room, opened);
      rooms.set(room, { epoch: opened.epoch, handle });
      hub.join(handle, MEMBER, encoding, undefined);
    },
    submit: (room, draft, token) => log.submit(room, draft, token),
    flush: () => hub.flush(performance.now()),
    close: () => undefined,
  };
};
