import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { SlotTable } from './slots.ts';

describe('a handle', () => {
  test('finds its value until it is removed, and nothing ever after', () => {
    const steps = fc.array(fc.record({ isAdd: fc.boolean(), which: fc.nat(50) }), {
      maxLength: 300,
      size: 'max',
    });
    fc.assert(
      fc.property(steps, fc.constantFrom(1, 2, 3, undefined), (moves, generations_max) => {
        const table = new SlotTable<string>(generations_max);
        const live = new Map<number, string>();
        const dead = new Set<number>();
        for (const [index, { isAdd, which }] of moves.entries()) {
          if (isAdd) {
            const handle = table.add(`value ${index}`);
            expect(Number.isSafeInteger(handle)).toBe(true);
            expect(live.has(handle) || dead.has(handle)).toBe(false);
            live.set(handle, `value ${index}`);
          } else {
            const handle = [...live.keys()][which % Math.max(1, live.size)];
            if (handle === undefined) continue;
            expect(table.remove(handle)).toBe(live.get(handle) as string);
            live.delete(handle);
            dead.add(handle);
          }
          expect(table.size).toBe(live.size);
        }
        for (const [handle, value] of live) expect(table.get(handle)).toBe(value);
        for (const handle of dead) {
          expect(table.get(handle)).toBeUndefined();
          expect(table.remove(handle)).toBeUndefined();
        }
        expect(table.size).toBe(live.size);
        expect(new Map(table.entries())).toEqual(live);
      }),
    );
  });

  test('that was never given out finds nothing', () => {
    const table = new SlotTable<string>();
    const handle = table.add('a');
    for (const other of [0, -1, 0.5, Number.NaN, handle + 1, handle + 0.5, 2 ** 60, -handle]) {
      expect(table.get(other)).toBeUndefined();
      expect(table.remove(other)).toBeUndefined();
    }
    expect(table.get(handle)).toBe('a');
  });
});

describe('a slot', () => {
  test('is used again: memory follows what there is at a time, not what there ever was', () => {
    const table = new SlotTable<number>();
    const slots = new Set<number>();
    for (let round = 0; round < 1_000; round += 1) {
      const handles = [1, 2, 3].map((value) => table.add(value));
      for (const handle of handles) slots.add(handle % 2 ** 24);
      for (const handle of handles) table.remove(handle);
    }
    expect(slots.size).toBe(3);
  });

  test('is used no more when its handles would begin to repeat', () => {
    const table = new SlotTable<number>(3);
    const handles = new Set<number>();
    for (let times = 0; times < 100; times += 1) {
      const handle = table.add(times);
      handles.add(handle);
      expect([...table.entries()]).toEqual([[handle, times]]);
      table.remove(handle);
    }
    expect(handles.size).toBe(100);
    expect(new Set([...handles].map((handle) => handle % 2 ** 24)).size).toBe(34);
    expect(table.size).toBe(0);
  });

  test('may be left while the table is walked', () => {
    const table = new SlotTable<number>();
    for (let value = 0; value < 10; value += 1) table.add(value);
    for (const [handle, value] of table.entries()) if (value % 2 === 0) table.remove(handle);
    expect([...table.entries()].map(([, value]) => value)).toEqual([1, 3, 5, 7, 9]);
  });
});
