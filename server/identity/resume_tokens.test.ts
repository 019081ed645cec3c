import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { words } from '../../tests/support/arbitraries.ts';
import { Refusal } from '../errors.ts';
import { isGuest, newGuest } from './identity.ts';
import { Permissions } from './permissions.ts';
import { RESUME_TOKEN_BYTES_MAX, ResumeTokens } from './resume_tokens.ts';

const SECRET = 'a secret for tests only, long enough';
const TTL_MS = 60_000;

const identityOf = (user_id: string, username: string) => ({
  user: { user_id, username },
  permissions: Permissions.all,
  issued_at_ms: 1,
});
const ANN = identityOf('u', 'Ann');

const refusalOf = (tokens: ResumeTokens, token: string): string => {
  const answer = tokens.verify(token);
  if (!(answer instanceof Refusal)) throw new Error(`${JSON.stringify(token)} was accepted`);
  return answer.code;
};

describe('a resume token', () => {
  test('brings back who it was issued to', () => {
    const tokens = new ResumeTokens(SECRET, TTL_MS);
    fc.assert(
      fc.property(words, words, (user_id, username) => {
        const token = tokens.issue(identityOf(user_id, username));
        expect(tokens.verify(token)).toEqual(identityOf(user_id, username));
        // It goes into a URL as it is.
        expect(token).toMatch(/^[\w.-]+$/);
      }),
    );
  });

  test('counts in every process that has the secret, and in no other', () => {
    const token = new ResumeTokens(SECRET, TTL_MS).issue(ANN);
    expect(new ResumeTokens(SECRET, 1).verify(token)).toEqual(ANN);
    expect(refusalOf(new ResumeTokens(`${SECRET}.`, TTL_MS), token)).toBe('token_invalid');
  });

  test('ends with its time, on the wall clock', () => {
    let now_ms = 1_000_000;
    const tokens = new ResumeTokens(SECRET, TTL_MS, () => now_ms);
    const token = tokens.issue(ANN);
    now_ms += TTL_MS - 1;
    expect(tokens.verify(token)).toEqual(ANN);
    now_ms += 1;
    expect(refusalOf(tokens, token)).toBe('token_expired');
  });

  test('counts no more when any byte of it is another', () => {
    const tokens = new ResumeTokens(SECRET, TTL_MS);
    const token = tokens.issue(identityOf('g_1', 'Ann'));
    const alphabet = 'ABab01-_.=+/ \u0000é';
    for (let place = 0; place < token.length; place += 1) {
      for (const other of alphabet) {
        if (other === token[place]) continue;
        const changed = token.slice(0, place) + other + token.slice(place + 1);
        expect(refusalOf(tokens, changed)).toBe('token_invalid');
      }
      expect(refusalOf(tokens, token.slice(0, place))).toBe('token_invalid');
      expect(refusalOf(tokens, token.slice(0, place) + token.slice(place + 1))).toBe(
        'token_invalid',
      );
    }
    for (const more of alphabet) expect(refusalOf(tokens, token + more)).toBe('token_invalid');
  });

  test('cannot be put together from two', () => {
    const tokens = new ResumeTokens(SECRET, TTL_MS);
    const [one = '', other = ''] = ['a', 'b'].map((user_id) =>
      tokens.issue(identityOf(user_id, 'Ann')),
    );
    const mac = other.slice(other.lastIndexOf('.'));
    expect(refusalOf(tokens, one.slice(0, one.lastIndexOf('.')) + mac)).toBe('token_invalid');
  });

  test('is none where there is only garbage, and nothing throws', () => {
    const tokens = new ResumeTokens(SECRET, TTL_MS);
    const parts = fc.array(
      fc.oneof(fc.constantFrom('', 'r1', 'e30', '='), fc.base64String(), words),
    );
    fc.assert(
      fc.property(parts, (pieces) => {
        expect(refusalOf(tokens, pieces.join('.'))).toBe('token_invalid');
      }),
      { numRuns: 500 },
    );
  });
});

describe('a resume token of somebody who came with a token', () => {
  const now_ms = 1_000_000;
  const tokens = new ResumeTokens(SECRET, TTL_MS, () => now_ms);
  const permissions = Permissions.read({ 'team.*': ['join'] }) ?? Permissions.none;
  const known = { ...ANN, permissions, token_id: 'jti:7', expires_at_ms: now_ms + TTL_MS * 2 };

  test('carries on what they may do, until when, and what a revocation names', () => {
    const { permissions: carried, ...rest } = known;
    const verdict = tokens.verify(tokens.issue(known));
    expect(verdict).toMatchObject(rest);
    if (verdict instanceof Refusal) throw new Error('refused');
    expect(verdict.permissions.rules).toEqual(carried.rules);
  });

  test('ends with the identity when that comes first', () => {
    const token = tokens.issue({ ...known, expires_at_ms: now_ms + 1_000 });
    const later = new ResumeTokens(SECRET, TTL_MS, () => now_ms + 1_000);
    expect(refusalOf(later, token)).toBe('token_expired');
    expect(tokens.verify(token)).not.toBeInstanceOf(Refusal);
  });

  test('fits into its bounds, however much it carries', () => {
    const rooms = { ['ü'.repeat(2_000)]: ['join', 'publish', 'history'] };
    const token = tokens.issue({
      user: { user_id: '"'.repeat(255), username: 'ü'.repeat(32) },
      permissions: Permissions.read(rooms) ?? Permissions.none,
      issued_at_ms: Number.MAX_SAFE_INTEGER,
      expires_at_ms: Number.MAX_SAFE_INTEGER,
      token_id: `jti:${'ü'.repeat(255)}`,
    });
    expect(token.length).toBeWithin(6_000, RESUME_TOKEN_BYTES_MAX);
  });

  test('proves nothing anew: coming back keeps the time of the first proof', () => {
    const verdict = tokens.verify(tokens.issue({ ...known, issued_at_ms: 7 }));
    if (verdict instanceof Refusal) throw new Error('refused');
    expect(tokens.verify(tokens.issue(verdict))).toMatchObject({ issued_at_ms: 7 });
  });
});

test('guests get an id of their own, and the name they asked for', () => {
  const guests = Array.from({ length: 1_000 }, () => newGuest(undefined, 0).user);
  expect(new Set(guests.map(({ user_id }) => user_id)).size).toBe(1_000);
  for (const { user_id, username } of guests) {
    expect(user_id).toMatch(/^g_[\w-]{12}$/);
    expect(username).toMatch(/^guest-[\w-]{4}$/);
  }
  const ann = newGuest('Ann', 0);
  expect(ann.user.username).toBe('Ann');
  expect(isGuest(ann.user)).toBe(true);
});
