import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { isUsername } from '../../server/room/names.ts';
import { splitLinks } from '../../server/web/page/model/links.ts';
import { nameFlaw, tidyName } from '../../server/web/page/model/names.ts';
import { People } from '../../server/web/page/model/people.ts';
import { Typists } from '../../server/web/page/model/typists.ts';
import { dayName } from '../../server/web/page/model/words.ts';

describe('links', () => {
  test('lead where they say, and only to the web', () => {
    const links = (text: string) => splitLinks(text).flatMap(({ href }) => href ?? []);
    expect(links('see https://example.com/a, http://b.example.')).toEqual([
      'https://example.com/a',
      'http://b.example/',
    ]);
    expect(links('(https://example.com/a_(b))')).toEqual(['https://example.com/a_(b)']);
    expect(links('[https://example.com]!?')).toEqual(['https://example.com/']);
    expect(links('javascript:alert(1) data:text/html,x ftp://a.example //b.example')).toEqual([]);
    expect(links('https:// and http://[')).toEqual([]);
    expect(links('xhttps://example.com')).toEqual([]);
  });

  test('are found in one pass over the text', () => {
    const hostile = `https://example.com/${')'.repeat(200_000)}`;
    expect(splitLinks(hostile)[0]).toEqual({
      text: 'https://example.com/',
      href: 'https://example.com/',
    });
  });

  test('take nothing from the text and add nothing to it', () => {
    const pieces = fc.constantFrom(
      'https://',
      'http://a.example',
      ')',
      '(',
      '.',
      ' ',
      '\n',
      'é',
      '<',
    );
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(pieces).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const parts = splitLinks(text);
        expect(parts.map((part) => part.text).join('')).toBe(text);
        for (const { href } of parts) if (href !== undefined) expect(href).toMatch(/^https?:\/\//);
      }),
    );
  });
});

describe('names', () => {
  test('are good for the page exactly when the server takes them', () => {
    const unit = fc.oneof(
      fc.constantFrom(' ', 'a', 'я', 'ω', '\u200b', '\u2800', '\ud800', 'ﬁ', '👋', '\t'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    );
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 40 }), (units) => {
        const name = tidyName(units.join(''));
        expect([name, nameFlaw(name) === undefined]).toEqual([name, isUsername(name, 64)]);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('people', () => {
  const user = (id: number) => ({ user_id: `u${id}`, username: `User ${id}` });

  test('come and go by user, however often it is said', () => {
    const people = new People();
    people.joined([user(2), user(1)], 2);
    const event = { type: 'presence', room: 'kitchen', user: 'User 3', user_id: 'u3' } as const;
    for (const status of ['online', 'online'] as const) people.change({ ...event, status });
    expect([people.count, people.list('u3').map(({ user_id }) => user_id)]).toEqual([
      3,
      ['u3', 'u1', 'u2'],
    ]);
    for (const status of ['offline', 'offline'] as const) people.change({ ...event, status });
    expect([people.count, people.list(undefined).length]).toEqual([2, 2]);
  });

  test('are counted exactly where they are too many to name', () => {
    const people = new People();
    people.joined([user(1)], 5_000);
    const summed = {
      type: 'presence',
      room: 'kitchen',
      joined: [user(2)],
      left: [user(1)],
    } as const;
    people.change({ ...summed, count: 5_123 });
    expect([people.count, people.list(undefined)]).toEqual([5_123, [user(2)]]);
  });
});

describe('typing', () => {
  test('is said of a few by name, and ends by itself', () => {
    const typists = new Typists();
    const type = (name: string, now: number, status: 'started' | 'stopped' = 'started'): void =>
      typists.change({ type: 'typing', room: 'kitchen', user: name, user_id: name, status }, now);
    expect(typists.sentence(0)).toBe('');
    type('Ada', 0);
    expect(typists.sentence(0)).toBe('Ada is typing…');
    type('Ben', 1_000);
    expect(typists.sentence(1_000)).toBe('Ada and Ben are typing…');
    type('Cleo', 1_000);
    expect(typists.sentence(1_000)).toBe('Several people are typing…');
    type('Cleo', 1_500, 'stopped');
    expect(typists.sentence(Typists.expiry_ms)).toBe('Ben is typing…');
    expect(typists.sentence(1_000 + Typists.expiry_ms)).toBe('');
  });
});

test('days are named as people name them', () => {
  const now = new Date(2026, 2, 1, 0, 30).getTime();
  const name = (...date: [number, number, number]) => dayName(new Date(...date).getTime(), now);
  expect(name(2026, 2, 1)).toBe('Today');
  expect(name(2026, 1, 28)).toBe('Yesterday');
  expect(name(2026, 1, 27)).toBe('Friday, February 27');
  expect(name(2025, 11, 31)).toBe('Wednesday, December 31, 2025');
});
