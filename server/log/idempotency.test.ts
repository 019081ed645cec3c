import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { IdempotencyWindow, publishKey } from './idempotency.ts';

test('different users and ids never make the same key', () => {
  const word = fc.string({ unit: fc.constantFrom('a', '1', ':'), maxLength: 4 });
  fc.assert(
    fc.property(word, word, word, word, (start, separator, middle, end) => {
      // The same characters, divided at another place.
      const one = publishKey(start, `${separator}${middle}${separator}${end}`);
      const other = publishKey(`${start}${separator}${middle}`, `${separator}${end}`);
      const joined = publishKey(start, `${middle}${separator}${end}`);
      const moved = publishKey(`${start}${separator}${middle}`, end);
      expect(one === other).toBe(separator === '' && middle === '');
      expect(joined === moved).toBe(separator === '' && middle === '');
    }),
    { numRuns: 1_000 },
  );
  // The digits of a length must not run into those of a name.
  const eleven = 'a'.repeat(11);
  expect(publishKey('1', eleven)).not.toBe(publishKey(eleven, ''));
});

interface Pending {
  readonly token: number;
}

/** The same, as plainly as it can be said. */
class Model {
  readonly ids_max: number;
  offsets: [key: string, offset: number][] = [];
  pending: [key: string, pending: Pending][] = [];

  constructor(ids_max: number) {
    this.ids_max = ids_max;
  }

  find(key: string): number | Pending | undefined {
    const find = <T>(list: readonly [string, T][]) => list.find(([other]) => other === key)?.[1];
    return find(this.offsets) ?? find(this.pending);
  }

  remember(key: string, offset: number): void {
    this.forget(key);
    const place = this.offsets.findIndex(([other]) => other === key);
    if (place === -1) this.offsets.push([key, offset]);
    else this.offsets[place] = [key, offset];
    this.offsets = this.offsets.slice(Math.max(0, this.offsets.length - this.ids_max));
  }

  forget(key: string): void {
    this.pending = this.pending.filter(([other]) => other !== key);
  }
}

test('the window remembers the newest offsets, and everything that waits', () => {
  const keys = ['a', 'b', 'c', 'd', 'e', 'f'];
  const call = fc.record({
    kind: fc.constantFrom('remember', 'publish', 'forget'),
    key: fc.constantFrom(...keys),
  });
  fc.assert(
    fc.property(fc.nat(4), fc.array(call, { maxLength: 60 }), (ids_max, calls) => {
      const window = new IdempotencyWindow<Pending>(ids_max);
      const model = new Model(ids_max);
      calls.forEach(({ kind, key }, index) => {
        if (kind === 'remember') {
          window.remember(key, index);
          model.remember(key, index);
        } else if (kind === 'forget') {
          window.forget(key);
          model.forget(key);
        } else if (model.find(key) === undefined) {
          const pending = { token: index };
          window.hold(key, pending);
          model.pending.push([key, pending]);
        }
        for (const each of keys) expect(window.find(each)).toEqual(model.find(each));
      });
    }),
    { numRuns: 500 },
  );
});
