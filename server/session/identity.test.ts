import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { words } from '../../tests/support/arbitraries.ts';
import { Refusal } from '../errors.ts';
import { Identities } from './identity.ts';

const SECRET = 'a secret for tests only, long enough';
const TTL_MS = 60_000;

const refusalOf = (identities: Identities, token: string): string => {
  const answer = identities.verify(token);
  if (!(answer instanceof Refusal)) throw new Error(`${JSON.stringify(token)} was accepted`);
  return answer.code;
};

describe('a resume token', () => {
  test('brings back who it was issued to', () => {
    const identities = new Identities(SECRET, TTL_MS);
    fc.assert(
      fc.property(words, words, (user_id, username) => {
        const token = identities.issue({ user_id, username });
        expect(identities.verify(token)).toEqual({ user_id, username });
        // It goes into a URL as it is.
        expect(token).toMatch(/^[\w.-]+$/);
      }),
    );
  });

  test('counts in every process that has the secret, and in no other', () => {
    const token = new Identities(SECRET, TTL_MS).issue({ user_id: 'u', username: 'Ann' });
    expect(new Identities(SECRET, 1).verify(token)).toEqual({ user_id: 'u', username: 'Ann' });
    expect(refusalOf(new Identities(`${SECRET}.`, TTL_MS), token)).toBe('token_invalid');
  });

  test('ends with its time, on the wall clock', () => {
    let now_ms = 1_000_000;
    const identities = new Identities(SECRET, TTL_MS, () => now_ms);
    const token = identities.issue({ user_id: 'u', username: 'Ann' });
    now_ms += TTL_MS - 1;
    expect(identities.verify(token)).toEqual({ user_id: 'u', username: 'Ann' });
    now_ms += 1;
    expect(refusalOf(identities, token)).toBe('token_expired');
  });

  test('counts no more when any byte of it is another', () => {
    const identities = new Identities(SECRET, TTL_MS);
    const token = identities.issue({ user_id: 'g_1', username: 'Ann' });
    const alphabet = 'ABab01-_.=+/ \u0000é';
    for (let place = 0; place < token.length; place += 1) {
      for (const other of alphabet) {
        if (other === token[place]) continue;
        const changed = token.slice(0, place) + other + token.slice(place + 1);
        expect(refusalOf(identities, changed)).toBe('token_invalid');
      }
      expect(refusalOf(identities, token.slice(0, place))).toBe('token_invalid');
      expect(refusalOf(identities, token.slice(0, place) + token.slice(place + 1))).toBe(
        'token_invalid',
      );
    }
    for (const more of alphabet) expect(refusalOf(identities, token + more)).toBe('token_invalid');
  });

  test('cannot be put together from two', () => {
    const identities = new Identities(SECRET, TTL_MS);
    const [one = '', other = ''] = ['a', 'b'].map((user_id) =>
      identities.issue({ user_id, username: 'Ann' }),
    );
    const mac = other.slice(other.lastIndexOf('.'));
    expect(refusalOf(identities, one.slice(0, one.lastIndexOf('.')) + mac)).toBe('token_invalid');
  });

  test('is none where there is only garbage, and nothing throws', () => {
    const identities = new Identities(SECRET, TTL_MS);
    const parts = fc.array(
      fc.oneof(fc.constantFrom('', 'r1', 'e30', '='), fc.base64String(), words),
    );
    fc.assert(
      fc.property(parts, (pieces) => {
        expect(refusalOf(identities, pieces.join('.'))).toBe('token_invalid');
      }),
      { numRuns: 500 },
    );
  });
});

test('guests get an id of their own, and the name they asked for', () => {
  const identities = new Identities(SECRET, TTL_MS);
  const guests = Array.from({ length: 1_000 }, () => identities.guest(undefined));
  expect(new Set(guests.map(({ user_id }) => user_id)).size).toBe(1_000);
  for (const { user_id, username } of guests) {
    expect(user_id).toMatch(/^g_[\w-]{12}$/);
    expect(username).toMatch(/^guest-[\w-]{4}$/);
  }
  expect(identities.guest('Ann').username).toBe('Ann');
});
