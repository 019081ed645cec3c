import { expect, test } from 'bun:test';
import { type Held, summariseMemory, type Waves } from './memory_report.ts';

const MEMBERS = 1_000;
const KIB = 1_024 * MEMBERS;

const held = (kib: number, objects = 0): Held => ({
  heap_bytes: kib * KIB,
  rss_bytes: 3 * kib * KIB,
  objects: { Object: objects },
});

/** Two waves of `kib` a member, each of which leaves `kept` behind. */
const waves = (kib: number, kept: number): Waves<Held> => ({
  idle: held(5),
  waves: [
    { joined: held(5 + kib, 7 * MEMBERS), left: held(5 + kept) },
    { joined: held(5 + kib + kept, 7 * MEMBERS), left: held(5 + 2 * kept) },
  ],
  problems: [],
});

const resident: Waves<number> = {
  idle: 50 * KIB,
  waves: [
    { joined: 53.5 * KIB, left: 51 * KIB },
    { joined: 54.5 * KIB, left: 51 * KIB },
  ],
  problems: ['a gauge was wrong'],
};

const summarise = (kept: number) =>
  summariseMemory(
    [{ layout: 'one_room', rooms: 1, resident, held: waves(1.25, kept) }],
    waves(0.5, 0),
    MEMBERS,
  );

test('figures are for each member, above the idle server, own state above the bare one', () => {
  const { tables, targets, problems } = summarise(0);
  expect(tables[0]).toEqual([
    {
      layout: 'one room',
      rooms: '1',
      'idle MiB': '48.8',
      'RSS KiB': '3.50',
      'in a second wave': '4.50',
      'once collected': '3.75',
      'heap KiB': '1.25',
      'own state KiB': '0.75',
    },
  ]);
  expect(tables[1]).toEqual([{ layout: 'one room', 'heap objects for each member': 'Object 7.0' }]);
  expect(targets.map(({ met }) => met)).toEqual([true, true, true, true]);
  expect(problems).toEqual(['a gauge was wrong']);
});

test('a leak is seen in the heap that is kept and in the memory that is added', () => {
  const { targets } = summarise(0.2);
  expect(targets.map(({ met }) => met)).toEqual([true, true, false, false]);
});
