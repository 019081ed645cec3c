import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { Permissions, RIGHTS, type Right } from './permissions.ts';

/** Few letters, so that patterns and rooms meet often. */
const letters = fc.constantFrom('a', 'b', '.');
const names = fc.string({ unit: letters, maxLength: 8 });
const patterns = fc.string({ unit: fc.oneof(letters, fc.constant('*')), maxLength: 8 });
const rights = fc.subarray([...RIGHTS]);

const read = (rules: unknown): Permissions => {
  const permissions = Permissions.read(rules);
  if (permissions === undefined) throw new Error(`${JSON.stringify(rules)} was not understood`);
  return permissions;
};

/** The same question, put to the engine of regular expressions. */
const fits = (pattern: string, room: string): boolean =>
  new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`, 's').test(room);

describe('permissions', () => {
  test('a room has the rights of every pattern that fits it, and no others', () => {
    fc.assert(
      fc.property(fc.dictionary(patterns, rights, { maxKeys: 4 }), names, (rules, room) => {
        const granted = Object.entries(rules)
          .filter(([pattern]) => fits(pattern, room))
          .flatMap(([, some]) => some);
        const expected = Object.fromEntries(
          RIGHTS.map((right) => [right, granted.includes(right)]),
        );
        expect(read(rules).rightsIn(room)).toEqual(expected as Record<Right, boolean>);
      }),
      { numRuns: 2_000 },
    );
  });

  test('without a wildcard a pattern is one room', () => {
    fc.assert(
      fc.property(names, names, (pattern, room) => {
        expect(read({ [pattern]: ['join'] }).rightsIn(room).join).toBe(pattern === room);
      }),
    );
  });

  test('more rules never take a right away', () => {
    const rules = fc.dictionary(patterns, rights, { maxKeys: 3 });
    fc.assert(
      fc.property(rules, patterns, rights, names, (some, pattern, more, room) => {
        if (Object.hasOwn(some, pattern)) return;
        const before = read(some).rightsIn(room);
        const after = read({ ...some, [pattern]: more }).rightsIn(room);
        for (const right of RIGHTS) expect(after[right] || !before[right]).toBe(true);
      }),
    );
  });

  test('no rules are no rights; no claim is all of them', () => {
    const nothing = { join: false, publish: false, history: false };
    expect(read({}).rightsIn('kitchen')).toEqual(nothing);
    expect(Permissions.none.rightsIn('kitchen')).toEqual(nothing);
    expect(Permissions.all.rightsIn('kitchen')).toEqual({
      join: true,
      publish: true,
      history: true,
    });
  });

  test('names that every object has are rooms like any other', () => {
    const rules: unknown = JSON.parse('{"__proto__":["join"],"constructor":["publish"]}');
    expect(read(rules).rightsIn('__proto__').join).toBe(true);
    expect(read(rules).rightsIn('constructor').publish).toBe(true);
    expect(read(rules).rightsIn('toString')).toEqual({
      join: false,
      publish: false,
      history: false,
    });
  });

  test.each([
    [null],
    ['*'],
    [['*']],
    [7],
    [{ kitchen: 'join' }],
    [{ kitchen: ['join', 'rule'] }],
    [{ kitchen: [['join']] }],
    [{ kitchen: null }],
    [{ ['x'.repeat(5_000)]: ['join'] }],
  ])('are not made of anything else: %#', (claim) => {
    expect(Permissions.read(claim)).toBeUndefined();
  });

  test('a pattern made to be slow comes to an end', () => {
    // A matcher that tried every way to spread the wildcards would go on for years.
    const pattern = `${'*a'.repeat(1_000)}*b`;
    expect(read({ [pattern]: ['join'] }).rightsIn('a'.repeat(1_024)).join).toBe(false);
  });
});
