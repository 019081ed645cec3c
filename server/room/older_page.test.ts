import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { olderPage } from './older_page.ts';

const record = (offset: number, bytes: number) => ({
  offset,
  prev: offset - 1,
  from: 'Ann',
  from_id: 'ann',
  text: 'x'.repeat(bytes),
  timestamp: 1,
});

/** A log with `sizes.length` records that ends its answers past `bytes_max`, as a database does. */
function read(sizes: readonly number[], before: number, limit: number, bytes_max: number) {
  const records = sizes.map((bytes, index) => record(index + 1, bytes));
  const found: typeof records = [];
  let bytes = 0;
  for (const one of records.filter(({ offset }) => offset < before).toReversed()) {
    if (found.length === limit || bytes >= bytes_max) break;
    found.unshift(one);
    bytes += one.text.length;
  }
  return found;
}

test('paging backwards shows every record once, in pages that fit, and says when it is over', () => {
  const sizes = fc.array(fc.nat(30), { maxLength: 40 });
  const limits = {
    limit: fc.integer({ min: 1, max: 7 }),
    bytes_max: fc.integer({ min: 1, max: 60 }),
  };
  fc.assert(
    fc.property(sizes, fc.record(limits), (all, { limit, bytes_max }) => {
      const seen: number[] = [];
      let before = all.length + 1;
      for (let isMore = true; isMore; ) {
        const found = read(all, before, limit + 1, bytes_max);
        const { records, more } = olderPage(found, limit, bytes_max);
        const bytes = records.reduce((sum, { text }) => sum + text.length, 0);
        expect(records.length).toBeLessThanOrEqual(limit);
        expect(records.length === 1 || bytes <= bytes_max).toBe(true);
        seen.unshift(...records.map(({ offset }) => offset));
        before = records[0]?.offset ?? 0;
        isMore = more;
        expect(more).toBe(before > 1);
      }
      expect(seen).toEqual(all.map((_, index) => index + 1));
    }),
  );
});
