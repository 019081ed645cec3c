import { expect, test } from 'bun:test';
import { spreadOf } from './statistics.ts';
import { formatTable } from './table.ts';

test('the median stands in the middle, between two when their number is even', () => {
  expect(spreadOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3, count: 3 });
  expect(spreadOf([4, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 4, count: 4 });
  expect(() => spreadOf([])).toThrow(RangeError);
});

test('numbers stand to the right, words to the left, and a missing cell is empty', () => {
  const rows: readonly Record<string, string>[] = [
    { server: 'a long name', cpu: '1.5', note: 'x' },
    { server: 'b', cpu: '10.25' },
  ];
  expect(formatTable(rows)).toBe(
    [
      'server       cpu    note',
      '───────────  ─────  ────',
      'a long name    1.5  x',
      'b            10.25',
      '',
    ].join('\n'),
  );
});
