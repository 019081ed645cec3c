import { Packr } from 'msgpackr';
import { loadAddon } from '../../../server/hub/native/addon.ts';
import { NativeHub } from '../../../server/hub/native/hub.ts';
import { batchBytes, openNativeHub } from '../../../server/hub/native/open.ts';
import type { Encoding } from '../../../server/protocol/encoding.ts';
import * as json from '../../../server/protocol/json.ts';
import * as messagepack from '../../../server/protocol/messagepack.ts';
import type { MessageRecord } from '../../../server/protocol/messages.ts';
import { IDEMPOTENCY_IDS_MAX, LIMITS, Outlet, POOL_BYTES_MAX } from '../spread/side.ts';
import { Traffic } from '../spread/traffic.ts';
import type { Case, Suite } from '../suite.ts';

const ROOM = 'room-0';
const RECORDS = 1_000;
const PAGE_RECORDS = 100;
const WARMUP_RUNS = 100;

export const ENCODERS = {
  json: {
    script: 'JSON, TypeScript',
    library: 'JSON.stringify',
    native: 'JSON, native, one record a call',
    page: `JSON, native, ${PAGE_RECORDS} records a call`,
  },
  messagepack: {
    script: 'MessagePack, TypeScript',
    library: 'msgpackr',
    native: 'MessagePack, native, one record a call',
    page: `MessagePack, native, ${PAGE_RECORDS} records a call`,
  },
} as const;

/** One record as the room's members read it, outside of any hub. */
export const encoders: Suite = new Map<string, () => Case>([
  [ENCODERS.json.script, () => each((record) => json.encodeRecord(ROOM, record))],
  [ENCODERS.json.library, () => each((record) => JSON.stringify(messageOf(record)))],
  [ENCODERS.json.native, () => pages('json', 1)],
  [ENCODERS.json.page, () => pages('json', PAGE_RECORDS)],
  [ENCODERS.messagepack.script, () => each((record) => messagepack.encodeRecord(ROOM, record))],
  [ENCODERS.messagepack.library, libraryMessagepack],
  [ENCODERS.messagepack.native, () => pages('msgpack', 1)],
  [ENCODERS.messagepack.page, () => pages('msgpack', PAGE_RECORDS)],
]);

function libraryMessagepack(): Case {
  const packr = new Packr({ useRecords: false, variableMapSize: true });
  return each((record) => packr.pack(messageOf(record)));
}

const messageOf = ({ prev: _, ...record }: MessageRecord) => ({
  type: 'message',
  room: ROOM,
  from: record.from,
  from_id: record.from_id,
  text: record.text,
  timestamp: record.timestamp,
  offset: record.offset,
  id: record.id,
});

function each(encode: (record: MessageRecord) => string | Uint8Array): Case {
  const records = someRecords();
  const outlet = new Outlet();
  return {
    operations: RECORDS,
    warmup_runs: WARMUP_RUNS,
    run() {
      for (const record of records) outlet.publish(encode(record), 1);
    },
  };
}

/** @param size records of one call, and so of one crossing */
function pages(encoding: Encoding, size: number): Case {
  const addon = loadAddon();
  if (typeof addon === 'string') throw new Error(`no addon: it ${addon}`);
  const more = { idempotency_ids_max: IDEMPOTENCY_IDS_MAX, pool_bytes_max: POOL_BYTES_MAX };
  const id = openNativeHub(addon, { ...LIMITS, ...more }, 1);
  const nothing = (): undefined => undefined;
  const events = { publish: nothing, wake: nothing, overrun: nothing };
  const door = new addon.Door(id, 0, nothing);
  const batch_bytes = batchBytes(LIMITS);
  const clock = (): number => performance.now();
  const hub = new NativeHub({ door, events, onVerdict: nothing, batch_bytes, clock });
  const room = hub.openRoom(ROOM, { epoch: '1', head: 0, tail: [] });
  const records = someRecords();
  const slices = Array.from({ length: RECORDS / size }, (_, index) =>
    records.slice(index * size, (index + 1) * size),
  );
  const outlet = new Outlet();
  return {
    operations: RECORDS,
    warmup_runs: WARMUP_RUNS,
    run() {
      for (const slice of slices) outlet.publish(hub.encodePage(room, encoding, slice).data, size);
    },
    close() {
      door.detach();
      addon.closeHub(id);
    },
  };
}

function someRecords(): readonly MessageRecord[] {
  const traffic = new Traffic(false);
  const timestamp = Date.now();
  return Array.from({ length: RECORDS }, (_, index) => ({
    offset: index + 1,
    prev: index,
    timestamp,
    ...traffic.next(),
  }));
}
