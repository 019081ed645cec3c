import { describe, expect, test } from 'bun:test';
import { unpackMultiple } from 'msgpackr';
import { requires } from '../../tests/support/requires.ts';
import { handing, NATIVE, OBJECTS, SCRIPT } from './comparisons.ts';
import { geometricMean, spreadingRows, targetsOf } from './report.ts';
import type { Compared } from './rounds.ts';
import { native } from './spread/native.ts';
import { plain } from './spread/plain.ts';
import { script } from './spread/script.ts';
import { nameOf, SHAPES, type Shape } from './spread/shape.ts';
import { type MakeSide, Outlet } from './spread/side.ts';
import { Traffic } from './spread/traffic.ts';
import { turnsOf } from './spread/turns.ts';

const testNative = requires('native-addon');
const TURNS = 3;

class Keeping extends Outlet {
  readonly published: unknown[] = [];

  override publish(data: string | Uint8Array, count: number): void {
    super.publish(data, count);
    const messages =
      typeof data === 'string'
        ? data.split('\n').map((line) => JSON.parse(line) as unknown)
        : (unpackMultiple(data) as unknown[]);
    this.published.push(...messages);
  }
}

/** What members read when a side is given this traffic, without the time of day. */
async function readOf(makeSide: MakeSide, shape: Shape, traffic: Traffic): Promise<unknown[]> {
  const outlet = new Keeping();
  const side = makeSide(outlet);
  const rooms = Array.from({ length: shape.rooms }, (_, index) => `room-${index}`);
  for (const room of rooms) await side.open(room, shape.encoding);
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (let message = 0; message < shape.batch; message += 1) {
      for (const room of rooms) side.submit(room, traffic.next(), message);
    }
    side.flush();
  }
  side.close();
  const all = outlet.published as { readonly room: string; readonly timestamp?: number }[];
  return all
    .map(({ timestamp: _, ...message }) => message)
    .toSorted((a, b) => a.room.localeCompare(b.room));
}

describe('all sides do the same', () => {
  for (const shape of SHAPES.filter(({ batch }) => batch === 16)) {
    testNative(nameOf(shape), async () => {
      // Ids are drawn once: every side is given its own pass over the same messages.
      const traffic = new Traffic(shape.isMixed);
      const ofScript = await readOf(script, shape, traffic.again());
      expect(ofScript).toHaveLength(shape.batch * shape.rooms * TURNS);
      expect(await readOf(plain, shape, traffic.again())).toEqual(ofScript);
      expect(await readOf(native, shape, traffic.again())).toEqual(ofScript);
    });
  }

  test('a side that loses a message is found out', async () => {
    const lossy: MakeSide = (outlet) => {
      const side = script(outlet);
      let count = 0;
      return {
        open: (room, encoding) => side.open(room, encoding),
        flush: () => side.flush(),
        close: () => side.close(),
        submit(room, draft, token) {
          count += 1;
          if (count !== 7) side.submit(room, draft, token);
        },
      };
    };
    const name = nameOf({ encoding: 'json', batch: 16, rooms: 1, isMixed: false });
    const one = await turnsOf(lossy).get(name)?.();
    one?.run();
    expect(() => one?.close?.()).toThrow('4096 messages: 4095 published');
  });
});

const once = (value: number) => ({ median: value, min: value, max: value, count: 1 });

/** As if a side took so many nanoseconds, the first one 100. */
const compared = (name: string, times: Readonly<Record<string, number>>): Compared => ({
  name,
  sides: Object.entries(times).map(([side, ns]) => ({
    side,
    p50_ns: once(ns),
    p99_ns: once(ns),
    mean_ns: once(ns),
    ratio: once(ns / 100),
  })),
});

test('targets are geometric means over batches, and single messages one by one', () => {
  const json = SHAPES.filter(({ encoding }) => encoding === 'json');
  const spreading = json.map((shape) =>
    compared(nameOf(shape), {
      [NATIVE]: 100,
      [SCRIPT]: shape.batch === 1 ? 90 : shape.rooms === 1 ? 200 : 800,
      [OBJECTS]: shape.batch === 1 ? 80 : 300,
    }),
  );
  const targets = targetsOf(spreading, []).filter(({ name }) => name.startsWith('json'));
  expect(targets.map(({ measured }) => measured)).toEqual([
    expect.closeTo(geometricMean([2, 2, 8, 8])),
    expect.closeTo(3),
    expect.closeTo(0.9),
  ]);
  expect(targets.map(({ met }) => met)).toEqual([true, true, false]);
  const [row] = spreadingRows(spreading);
  expect(row?.['who is faster']).toBe('TypeScript wins: objects + JSON.stringify, 1.25 × native');
  expect(handing).toHaveLength(3);
});
