import { describe, expect, test } from 'bun:test';
import { CLOSES, ERRORS, type ErrorCode, RETIRED_CLOSE_CODES, Refusal } from './errors.ts';

const closes = Object.entries(CLOSES);

describe('close codes', () => {
  test.each(closes)('%s: its reason fits a Close frame', (_, { reason }) => {
    expect(Buffer.byteLength(reason)).toBeWithin(1, 124);
  });

  test('each means one thing', () => {
    const codes = closes.map(([, { code }]) => code);
    expect(new Set(codes).size).toBe(codes.length);
    const reasons = closes.map(([, { reason }]) => reason);
    expect(new Set(reasons).size).toBe(reasons.length);
  });

  test('none that was retired means something new', () => {
    const retired: readonly number[] = RETIRED_CLOSE_CODES;
    expect(closes.filter(([, { code }]) => retired.includes(code))).toEqual([]);
    expect(new Set(retired).size).toBe(retired.length);
  });

  test.each(closes)('%s: its number is its advice', (_, { code, advice }) => {
    const meanings: readonly string[] =
      code >= 4500 ? ['do not come back'] : ['come back', 'come back later'];
    if (code >= 4000) expect(meanings).toContain(advice);
    else expect(advice).not.toBe('do not come back');
  });

  test.each(closes)('%s: an endpoint may send its number', (_, { code }) => {
    // RFC 6455, section 7.4: 1004 to 1006 and 1015 never stand in a frame, 1016 to 3999 are others’.
    const isStandard = code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code);
    expect(isStandard || (code >= 4000 && code <= 4999)).toBe(true);
  });

  test('what a client does wrong is not answered with an invitation', () => {
    for (const [, { code, advice }] of closes) {
      if ([1002, 1003, 1007, 1008, 1009].includes(code)) expect(advice).toBe('fix the client');
    }
  });
});

describe('errors', () => {
  const errors = Object.entries(ERRORS);

  test.each(errors)('%s has one plain sentence or two', (code, { message, temporary }) => {
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(message).toMatch(/^[A-Z][^\n]*\.$/);
    expect(typeof temporary).toBe('boolean');
  });

  test('a refusal says what the table says, unless the place knows better', () => {
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      expect(new Refusal(code)).toMatchObject({ code, message: ERRORS[code].message });
    }
    const precise = new Refusal('rate_limited', 'Wait.', 50);
    expect(precise).toMatchObject({ code: 'rate_limited', message: 'Wait.', retry_after_ms: 50 });
  });
});
