import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { ConfigError } from '../errors.ts';
import { Origins } from './origins.ts';

const LIST = new Origins(
  'https://chat.example.com, https://*.example.org, http://localhost:3000, http://*.test:8080',
);

describe('a list of origins', () => {
  test.each([
    'https://chat.example.com',
    'HTTPS://Chat.Example.COM',
    'https://a.example.org',
    'https://a.b.example.org',
    'http://localhost:3000',
    'http://dev.test:8080',
  ])('lets %s in', (origin) => {
    expect(LIST.allow(origin)).toBe(true);
  });

  test.each([
    'http://chat.example.com',
    'https://chat.example.com:8443',
    'https://chat.example.com.evil.example',
    'https://evil.example/https://chat.example.com',
    'https://chat.example.comx',
    'https://xchat.example.com',
    'https://example.org',
    'https://.example.org',
    'https://evilexample.org',
    'https://evil.example#.example.org',
    'https://evil.example/.example.org',
    'https://user@x.example.org',
    'https://evil.example:1.example.org',
    'https://a..example.org',
    'http://a.example.org',
    'http://dev.test',
    'http://localhost:30000',
    'null',
    '',
  ])('keeps %j out', (origin) => {
    expect(LIST.allow(origin)).toBe(false);
  });

  test('does not ask programs that are no browsers', () => {
    expect(LIST.allow(null)).toBe(true);
  });

  test('that is empty lets everybody in', () => {
    fc.assert(
      fc.property(fc.string(), (origin) => expect(new Origins(' , ').allow(origin)).toBe(true)),
    );
  });

  test('lets nothing in that a URL would send to another host', () => {
    const parts = fc.constantFrom(
      'https://',
      'a',
      '.',
      'example.org',
      'evil.example',
      '/',
      '#',
      '@',
      ':',
      '?',
    );
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 8 }), (pieces) => {
        const origin = pieces.join('');
        if (!LIST.allow(origin)) return;
        expect(new URL(origin).hostname).toEndWith('.example.org');
      }),
      { numRuns: 5_000 },
    );
  });

  test.each([
    '*',
    'example.com',
    'https://',
    'https://*',
    'https://a.*.com',
    'https://a/b',
    'null',
  ])('is not made of %j', (origin) => {
    expect(() => new Origins(origin)).toThrow(ConfigError);
  });
});
