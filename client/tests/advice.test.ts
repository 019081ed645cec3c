import { expect, test } from 'bun:test';
import { CLOSES } from '../../server/errors.ts';
import { adviceOf } from '../advice.ts';

const MEANINGS = {
  'come back': ['return', 'token_expired'],
  'come back later': ['return_later'],
  'do not come back': ['stop', 'token_refused'],
  'fix the client': ['return_rarely'],
} as const;

test.each(Object.values(CLOSES))('close code $code is understood as "$advice"', (close) => {
  expect(MEANINGS[close.advice] as readonly string[]).toContain(adviceOf(close.code));
});

test('codes of tomorrow follow their range', () => {
  for (const code of [1000, 1001, 1006, 1012, 3000, 3999, 4000, 4499]) {
    expect(adviceOf(code)).toBe('return');
  }
  for (const code of [4500, 4503, 4999]) expect(adviceOf(code)).toBe('stop');
});
