import { heapStats } from 'bun:jsc';
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type EncodedRecord, History } from './history.ts';

const ANY_SIZE = { history_bytes_max: Number.MAX_SAFE_INTEGER, history_age_ms_max: 0 };

const recordAt = (offset: number, prev: number, bytes = 1): EncodedRecord => ({
  offset,
  prev,
  bytes,
  timestamp: 1,
  json: `{"offset":${offset}}`,
  messagepack: undefined,
});

describe('a history', () => {
  test('is the newest run within its bounds, whatever came', () => {
    const pushes = fc.array(
      fc.record({
        hole: fc.constantFrom(0, 0, 0, 1, 5),
        isGap: fc.constantFrom(false, false, false, false, false, true),
        bytes: fc.integer({ min: 1, max: 40 }),
      }),
      { maxLength: 400, size: 'max' },
    );
    const bounds = fc.record({ history_records_max: fc.nat(70), history_bytes_max: fc.nat(900) });
    fc.assert(
      fc.property(bounds, fc.nat(100), pushes, (limits, head, steps) => {
        const history = new History({ ...limits, history_age_ms_max: 0 }, head);
        let kept: EncodedRecord[] = [];
        let [newest, floor] = [head, head];
        for (const { hole, isGap, bytes } of steps) {
          const prev = isGap ? newest + 3 : newest;
          newest = prev + 1 + hole;
          const record = recordAt(newest, prev, bytes);
          history.push(record, 1);
          if (isGap) kept = [];
          if (kept.length === 0) floor = prev;
          kept.push(record);
          const sum = () => kept.reduce((total, one) => total + one.bytes, 0);
          while (kept.length > limits.history_records_max || sum() > limits.history_bytes_max) {
            floor = kept.shift()?.offset ?? floor;
          }
          expect([history.size, history.bytes, history.floor]).toEqual([kept.length, sum(), floor]);
        }
        expect(history.after(0)).toEqual(kept);
        for (const offset of [floor - 1, floor, floor + 1, newest - 1, newest, newest + 1]) {
          expect(history.after(offset)).toEqual(kept.filter((one) => one.offset > offset));
          const older = kept.filter((one) => one.offset < offset);
          expect(history.before(offset, 3)).toEqual(older.slice(-3));
        }
      }),
      { numRuns: 60 },
    );
  });

  test('keeps nothing alive that it has let go of', async () => {
    const history = new History({ ...ANY_SIZE, history_records_max: 5 }, 0);
    const pushed: WeakRef<EncodedRecord>[] = [];
    for (let offset = 1; offset <= 60; offset += 1) {
      const record = recordAt(offset, offset - 1);
      pushed.push(new WeakRef(record));
      history.push(record, 1);
    }
    // A WeakRef that was made or read keeps its target until the turn ends.
    await new Promise(setImmediate);
    Bun.gc(true);
    const alive = pushed.filter((reference) => reference.deref() !== undefined);
    expect(history.size).toBe(5);
    // The collector may take a value that still lies on the stack for one in use.
    expect(alive.length).toBeLessThan(20);
  });

  test('does not grow with the room’s age', () => {
    const history = new History({ ...ANY_SIZE, history_records_max: 5 }, 0);
    Bun.gc(true);
    const before_bytes = heapStats().heapSize;
    const records = 1_000_000;
    for (let offset = 1; offset <= records; offset += 1) {
      history.push(recordAt(offset, offset - 1), 1);
    }
    Bun.gc(true);
    expect(history.size).toBe(5);
    // A place of eight bytes for each record that ever was would be twice as much.
    expect(heapStats().heapSize - before_bytes).toBeLessThan(records * 4);
  });
});
