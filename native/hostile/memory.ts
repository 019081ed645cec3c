/** Takes the lent memory away under the door, and writes into it what no caller would. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Door } from '../../server/hub/native/addon.ts';
import { AREAS, FIELDS, OPS, STATUS_NAMES } from '../../server/hub/native/layout.ts';
import { RequestWriter } from '../../server/hub/native/requests.ts';
import { addon, checkHealth, execute, lendAll, NEW_ROOM, openHub } from './hub.ts';

const AREA_BYTES = 4_096;
const CONTROL = AREAS.indexOf('control');
const REQUESTS = AREAS.indexOf('requests');
const WORDS = 64;

const id = openHub(3);

/** Lent memory is nobody's to give away, to resize or to replace. */
function takeAway(): void {
  const door = new addon.Door(id, 0, () => {});
  const lent = lendAll(door, AREA_BYTES);
  for (const memory of lent) {
    assert.equal(memory.byteLength, AREA_BYTES);
    assert.equal(memory.resizable, false);
    assert.throws(() => memory.resize(AREA_BYTES * 2), TypeError);
    attempt(() => structuredClone(memory, { transfer: [memory] }));
    attempt(() => memory.transfer(8));
    attempt(() => memory.transferToFixedLength());
  }
  // Whatever has become of the ArrayBuffers, and when all of them are garbage, there is memory.
  Bun.gc(true);
  for (let count = 0; count < 100; count += 1) new Uint8Array(AREA_BYTES).fill(0xff);
  door.execute();
  let newest = lent;
  for (let count = 0; count < 1_000; count += 1) newest = lendAll(door, AREA_BYTES);
  assert.equal(execute(door, newest[CONTROL], { flush: 1 }), 0);
  door.detach();
}

function attempt(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    assert.ok(error instanceof Error);
  }
}

/** A word that some request could hold in some place, or could not. */
const word = fc.oneof(
  fc.nat(40),
  fc.constantFrom(255, 256, 4_096, 0x7fff_ffff, 0xffff_fff8, 0xffff_ffff),
  fc.nat(0xffff_ffff),
);

const storm = fc.array(
  fc.record({
    op: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...Object.values(OPS)) }, word),
    /** Undefined: as long as it is. */
    length: fc.option(word, { nil: undefined, freq: 6 }),
    /** A room that is open, or any bits that make a number. */
    room: fc.oneof(fc.constant('open' as const), fc.double(), fc.maxSafeNat()),
    words: fc.array(word, { maxLength: WORDS, size: 'max' }),
    flush: fc.boolean(),
    wall_ms: fc.maxSafeNat(),
  }),
  { minLength: 1, maxLength: 20 },
);

function openRoom(door: Door, memory: ArrayBuffer, control: ArrayBuffer): number {
  const writer = new RequestWriter(memory, () => undefined);
  writer.openRoom('storm', NEW_ROOM.epoch, 0, []);
  assert.equal(execute(door, control, { to: writer.size }), 0);
  return new Float64Array(control)[FIELDS.room] ?? 0;
}

/** Requests of random words: each has a status, and the hub behind the door stays well. */
function shout(): void {
  const statuses = new Set<number>();
  fc.assert(
    fc.property(storm, (requests) => {
      const door = new addon.Door(id, 0, () => {});
      const areas = lendAll(door, AREA_BYTES);
      const memory = areas[REQUESTS] ?? new ArrayBuffer(0);
      const control = areas[CONTROL] ?? new ArrayBuffer(0);
      const room = openRoom(door, memory, control);
      for (const { op, length, room: other, words, flush, wall_ms } of requests) {
        const bytes = 16 + Math.ceil(words.length / 2) * 8;
        new Uint32Array(memory).set([op, length ?? bytes], 0);
        new Float64Array(memory)[1] = other === 'open' ? room : other;
        new Uint32Array(memory).set(words, 4);
        const given = { to: bytes, flush: flush ? 1 : 0, monotonic_ms: performance.now(), wall_ms };
        statuses.add(execute(door, control, given) ?? Number.NaN);
      }
      door.detach();
    }),
    { numRuns: 3_000 },
  );
  for (const status of statuses) assert.notEqual(STATUS_NAMES[status], undefined, `${status}`);
  // All of it refused would not have been much of a storm.
  assert.ok(statuses.has(0) && statuses.size > 2, `${[...statuses]}`);
}

takeAway();
shout();
checkHealth(id, 2);
console.log('survived');
