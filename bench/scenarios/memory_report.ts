import type { HeapReport } from '../process/heap_probe.ts';
import type { Findings } from '../report/result.ts';
import { atMost } from '../report/target.ts';

/** One reading of an idle server, then two of each wave: everybody in, everybody gone. */
export interface Waves<T> {
  readonly idle: T;
  readonly waves: readonly { readonly joined: T; readonly left: T }[];
  readonly problems: readonly string[];
}

/** What a server holds after full collections. */
export interface Held extends HeapReport {
  readonly rss_bytes: number;
}

export interface LayoutFigures {
  readonly layout: string;
  readonly rooms: number;
  /** RSS of the server left alone, in bytes. */
  readonly resident: Waves<number>;
  readonly held: Waves<Held>;
}

const RSS_KIB_MAX = 4;
const OWN_STATE_KIB_MAX = 1;
/** What a second wave may leave or add, a member: tables and pages grow in steps. */
const HEAP_KEPT_KIB_MAX = 0.05;
const RSS_ADDED_KIB_MAX = 0.5;

/** @param bare the same crowd on a server without any state of its own */
export function summariseMemory(
  layouts: readonly LayoutFigures[],
  bare: Waves<Held>,
  members: number,
): Findings {
  const kib = (bytes: number): number => bytes / 1_024 / members;
  const bare_heap = grown(bare, ({ heap_bytes }) => heap_bytes)[0];
  const figures = layouts.map(({ layout, rooms, resident, held }) => {
    const alone = grown(resident, (bytes) => bytes);
    const collected = grown(held, ({ rss_bytes }) => rss_bytes);
    const heap = grown(held, ({ heap_bytes }) => heap_bytes);
    const [kept_first, kept_second] = twoOf(held.waves.map(({ left }) => left.heap_bytes));
    return {
      name: layout.replace('_', ' '),
      rooms,
      idle_mib: resident.idle / 2 ** 20,
      rss_kib: kib(alone[0]),
      second_rss_kib: kib(alone[1]),
      collected_rss_kib: kib(collected[0]),
      added_rss_kib: kib(collected[1] - collected[0]),
      heap_kib: kib(heap[0]),
      own_kib: kib(heap[0] - bare_heap),
      kept_kib: kib(kept_second - kept_first),
      objects: objectsLine(held, members),
    };
  });
  const problems = [bare, ...layouts.flatMap(({ resident, held }) => [resident, held])];
  return {
    tables: [
      figures.map(memoryRow),
      figures.map(({ name, objects }) => ({
        layout: name,
        'heap objects for each member': objects,
      })),
    ],
    targets: figures.flatMap(({ name, ...figure }) => [
      atMost(`RSS for each member, ${name}`, RSS_KIB_MAX, figure.rss_kib, ' KiB'),
      atMost(`own state for each member, ${name}`, OWN_STATE_KIB_MAX, figure.own_kib, ' KiB'),
      atMost(`heap kept by a second wave, ${name}`, HEAP_KEPT_KIB_MAX, figure.kept_kib, ' KiB'),
      atMost(
        `RSS added by a second wave, ${name}`,
        RSS_ADDED_KIB_MAX,
        figure.added_rss_kib,
        ' KiB',
      ),
    ]),
    problems: problems.flatMap((waves) => waves.problems),
    data: { members, figures, bare, layouts },
  };
}

interface MemoryFigures {
  readonly name: string;
  readonly rooms: number;
  readonly idle_mib: number;
  readonly rss_kib: number;
  readonly second_rss_kib: number;
  readonly collected_rss_kib: number;
  readonly heap_kib: number;
  readonly own_kib: number;
}

/** KiB are for each member, above the idle server. */
const memoryRow = (figures: MemoryFigures): Record<string, string> => ({
  layout: figures.name,
  rooms: String(figures.rooms),
  'idle MiB': figures.idle_mib.toFixed(1),
  'RSS KiB': figures.rss_kib.toFixed(2),
  'in a second wave': figures.second_rss_kib.toFixed(2),
  'once collected': figures.collected_rss_kib.toFixed(2),
  'heap KiB': figures.heap_kib.toFixed(2),
  'own state KiB': figures.own_kib.toFixed(2),
});

/** What each of the two waves has added to the idle server. */
const grown = <T>({ idle, waves }: Waves<T>, bytesOf: (reading: T) => number): [number, number] =>
  twoOf(waves.map(({ joined }) => bytesOf(joined) - bytesOf(idle)));

function twoOf(values: readonly number[]): [number, number] {
  const [first, second] = values;
  if (first === undefined || second === undefined) throw new RangeError('a wave is missing');
  return [first, second];
}

/** What the heap holds of each kind, at least one for every ten members. */
function objectsLine({ idle, waves }: Waves<Held>, members: number): string {
  return Object.entries(waves[0]?.joined.objects ?? {})
    .map(([kind, count]) => [kind, (count - (idle.objects[kind] ?? 0)) / members] as const)
    .filter(([, count]) => count >= 0.1)
    .toSorted(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${kind} ${count.toFixed(1)}`)
    .join(', ');
}
