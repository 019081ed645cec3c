import { describe, expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { base64url, exportPKCS8, UnsecuredJWT } from 'jose';
import {
  type Claims,
  claimsOf,
  makeKey,
  type PublicAlgorithm,
  signWithKey,
  signWithSecret,
  temporaryFile,
} from '../../tests/support/issuer.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/options.ts';
import { ConfigError, Refusal } from '../errors.ts';
import type { Identity } from './identity.ts';
import { JwtVerifier } from './jwt.ts';
import { openJwtKeys } from './jwt_keys.ts';
import type { RoomRules } from './permissions.ts';

const SECRET = 'a secret of thirty-two bytes or more';
const PUBLIC_ALGORITHMS: readonly PublicAlgorithm[] = ['RS256', 'ES256', 'EdDSA'];
const KEYS = new Map(
  await Promise.all(
    PUBLIC_ALGORITHMS.map(
      async (algorithm) => [algorithm, await makeKey(algorithm, 'k1')] as const,
    ),
  ),
);

function keyOf(algorithm: PublicAlgorithm) {
  const key = KEYS.get(algorithm);
  if (key === undefined) throw new Error(`no key for ${algorithm}`);
  return key;
}

const defaults = loadConfig([], {});
if (defaults === undefined) throw new Error('no configuration');

function verifierWith(options: Partial<Config>) {
  const settings = { ...defaults, ...options } as Config;
  const keys = openJwtKeys(settings, { keysUnavailable: () => undefined });
  if (keys === undefined) throw new Error('there are no keys');
  const reasons: string[] = [];
  const verifier = new JwtVerifier(keys, settings, (reason) => reasons.push(reason));
  return { verifier, reasons };
}

async function accepted(options: Partial<Config>, token: string): Promise<Identity> {
  const verdict = await verifierWith(options).verifier.verify(token);
  if (verdict instanceof Refusal) throw new Error(`refused as ${verdict.code}`);
  return verdict;
}

/** @returns the code it was refused with */
async function refused(options: Partial<Config>, token: string): Promise<string> {
  const { verifier, reasons } = verifierWith(options);
  const verdict = await verifier.verify(token);
  if (!(verdict instanceof Refusal)) throw new Error(`accepted ${token}`);
  // Neither the client nor the log is shown any part of it.
  for (const part of token.split('.').filter((one) => one.length > 3)) {
    expect(`${verdict.message} ${reasons.join(' ')}`).not.toContain(part);
  }
  return verdict.code;
}

const withSecret = { jwt_secret: SECRET };
const nowS = (): number => Math.floor(Date.now() / 1_000);

describe('a signature', () => {
  test('of HS256 is checked with the secret', async () => {
    const { user } = await accepted(withSecret, await signWithSecret(SECRET));
    expect(user).toEqual({ user_id: 'ada', username: 'Ada' });
    expect(await refused(withSecret, await signWithSecret(`${SECRET}.`))).toBe('token_invalid');
  });

  test.each(PUBLIC_ALGORITHMS)(
    'of %s is checked with a key in a file, of any form',
    async (algorithm) => {
      const key = keyOf(algorithm);
      const other = await makeKey(algorithm, 'k1');
      const forms = [
        key.pem,
        JSON.stringify(key.jwk),
        JSON.stringify({ keys: [other.jwk, key.jwk] }),
      ];
      for (const [index, form] of forms.slice(0, 2).entries()) {
        using file = temporaryFile(`key${index}`, form);
        const options = { jwt_public_key: file.path };
        expect((await accepted(options, await signWithKey(key))).user.user_id).toBe('ada');
        expect(await refused(options, await signWithKey(other))).toBe('token_invalid');
      }
    },
  );

  test('is looked up in a set by the id of its key', async () => {
    const [one, other] = [await makeKey('ES256', 'one'), await makeKey('ES256', 'other')];
    using file = temporaryFile('set.json', JSON.stringify({ keys: [one.jwk, other.jwk] }));
    const options = { jwt_public_key: file.path };
    for (const key of [one, other]) await accepted(options, await signWithKey(key));
    const swapped = await signWithKey(one, {}, { kid: 'other' });
    expect(await refused(options, swapped)).toBe('token_invalid');
    for (const kid of [
      '../../etc/passwd',
      "' or 1=1",
      'one\u0000',
      '__proto__',
      'x'.repeat(4_000),
    ]) {
      expect(await refused(options, await signWithKey(one, {}, { kid }))).toBe('token_invalid');
    }
  });

  test('never is what the token says it is: no algorithm, and a public key as a secret', async () => {
    const none = new UnsecuredJWT(claimsOf() as Record<string, unknown>).encode();
    for (const algorithm of PUBLIC_ALGORITHMS) {
      const key = keyOf(algorithm);
      for (const form of [key.pem, JSON.stringify(key.jwk)]) {
        using file = temporaryFile('key', form);
        const options = { jwt_public_key: file.path };
        const head = base64url.encode(JSON.stringify({ alg: 'HS256', kid: 'k1' }));
        const body = `${head}.${base64url.encode(JSON.stringify(claimsOf()))}`;
        const mac = createHmac('sha256', form).update(body).digest('base64url');
        expect(await refused(options, `${body}.${mac}`)).toBe('token_invalid');
        expect(await refused(options, none)).toBe('token_invalid');
        expect(await refused(options, `${none.slice(0, -1)}.${mac}`)).toBe('token_invalid');
      }
    }
    expect(await refused(withSecret, none)).toBe('token_invalid');
    expect(await refused(withSecret, await signWithKey(keyOf('RS256')))).toBe('token_invalid');
  });

  test('is not checked with a key that comes with the token', async () => {
    using file = temporaryFile('key', JSON.stringify(keyOf('ES256').jwk));
    const stranger = await makeKey('ES256', 'k1');
    const server = Bun.serve({
      port: 0,
      fetch: () => {
        throw new Error('the server asked a stranger for keys');
      },
    });
    const url = `http://127.0.0.1:${server.port}/keys`;
    for (const header of [{ jwk: stranger.jwk }, { jku: url }, { x5u: url }]) {
      const token = await signWithKey(stranger, {}, header);
      expect(await refused({ jwt_public_key: file.path }, token)).toBe('token_invalid');
    }
    await server.stop(true);
  });

  test('counts only in an algorithm that is configured', async () => {
    const set = { keys: [keyOf('RS256').jwk, { ...keyOf('ES256').jwk, kid: 'k2' }] };
    using file = temporaryFile('set.json', JSON.stringify(set));
    const options = { jwt_public_key: file.path, jwt_algorithms: 'ES256' };
    await accepted(options, await signWithKey(keyOf('ES256'), {}, { kid: 'k2' }));
    expect(await refused(options, await signWithKey(keyOf('RS256')))).toBe('token_invalid');
  });
});

describe('a claim', () => {
  const refusedFor = async (claims: Claims, options: Partial<Config> = {}): Promise<string> =>
    refused({ ...withSecret, ...options }, await signWithSecret(SECRET, claims));
  const identified = async (claims: Claims, options: Partial<Config> = {}): Promise<Identity> =>
    accepted({ ...withSecret, ...options }, await signWithSecret(SECRET, claims));

  test.each([
    [{ sub: undefined }],
    [{ sub: '' }],
    [{ sub: 7 }],
    [{ sub: 'g_somebody' }],
    [{ sub: 'a\nb' }],
    [{ sub: 'x'.repeat(256) }],
    [{ exp: undefined }],
    [{ exp: 'tomorrow' }],
    [{ nbf: nowS() + 60 }],
    [{ iat: 'yesterday' }],
    [{ jti: 'x'.repeat(256) }],
    [{ jti: 7 }],
    [{ exp: nowS() + 40 * 86_400 }],
    [{ rooms: ['kitchen'] }],
    [{ rooms: { kitchen: ['rule'] } }],
  ])('that cannot be is refused: %j', async (claims) => {
    expect(await refusedFor(claims)).toBe('token_invalid');
  });

  test('of issuer and audience has to be the right one where one is asked for', async () => {
    const options = { jwt_issuer: 'https://id.example', jwt_audience: 'chat' };
    await identified({ iss: 'https://id.example', aud: ['mail', 'chat'] }, options);
    for (const claims of [
      {},
      { iss: 'https://id.example' },
      { iss: 'https://id.example', aud: 'mail' },
      { iss: 'https://evil.example', aud: 'chat' },
      { aud: 'chat' },
    ]) {
      expect(await refusedFor(claims, options)).toBe('token_invalid');
    }
  });

  test('of expiry has the leeway of the clocks, and so has the identity', async () => {
    const exp = nowS() - 20;
    expect(await refusedFor({ exp }, { jwt_clock_skew_ms: 0 })).toBe('token_expired');
    expect(await refusedFor({ exp }, { jwt_clock_skew_ms: 10_000 })).toBe('token_expired');
    const { expires_at_ms } = await identified({ exp }, { jwt_clock_skew_ms: 60_000 });
    expect(expires_at_ms).toBe(exp * 1_000 + 60_000);
  });

  test('of rooms becomes permissions, under the name it is given', async () => {
    const rooms: RoomRules = { 'team.*': ['join'] };
    const { permissions } = await identified({ rooms });
    expect(permissions.rightsIn('team.a')).toEqual({ join: true, publish: false, history: false });
    const named = await identified(
      { 'https://chat/rooms': rooms },
      { jwt_rooms_claim: 'https://chat/rooms' },
    );
    expect(named.permissions.rules).toEqual(rooms);
    expect((await identified({})).permissions.isUnlimited).toBe(true);
    // Not one that every object inherits.
    const inherited = await identified({}, { jwt_rooms_claim: 'constructor' });
    expect(inherited.permissions.isUnlimited).toBe(true);
  });

  test('of the name is shown if it can be, and else the id, or a made-up one', async () => {
    const shown = async (claims: Claims): Promise<string> =>
      (await identified(claims)).user.username;
    expect(await shown({ name: 'Ada Lovelace' })).toBe('Ada Lovelace');
    expect(await shown({ name: 'A\u200bda', preferred_username: 'ada.l' })).toBe('ada.l');
    expect(await shown({ name: undefined })).toBe('ada');
    expect(await shown({ name: ['Ada'], sub: 'x'.repeat(100) })).toMatch(/^user-[a-z\d]+$/);
  });

  test('of the token id is what a revocation names; without a time of issue a token is of old', async () => {
    expect(await identified({ jti: 'abc' })).toMatchObject({ token_id: 'jti:abc' });
    expect((await identified({ iat: undefined })).issued_at_ms).toBe(0);
  });
});

test('what is no token is refused, and nothing throws', async () => {
  const { verifier } = verifierWith(withSecret);
  const part = fc.oneof(fc.base64String(), fc.json().map(base64url.encode), fc.string());
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 5 }), async (parts) => {
      expect(await verifier.verify(parts.join('.'))).toMatchObject({ code: 'token_invalid' });
    }),
    { numRuns: 500 },
  );
});

const PRIVATE_PEM = await exportPKCS8(keyOf('ES256').privateKey);

describe('a configuration', () => {
  test.each([
    [{ jwt_secret: 'short' }, 'at least 32 bytes'],
    [{ jwt_secret: SECRET, jwt_jwks_url: 'https://id.example/keys' }, 'only one of'],
    [{ jwt_secret: SECRET, jwt_algorithms: 'RS256' }, 'RS256 is not what the key is for'],
    [{ jwt_secret: SECRET, jwt_algorithms: 'none' }, 'none is not an algorithm here'],
    [{ jwt_algorithms: 'RS256' }, 'there is no key'],
    [{ jwt_jwks_url: 'http://id.example/keys' }, 'must begin with https://'],
    [{ jwt_jwks_url: 'file:///etc/passwd' }, 'must begin with https://'],
    [{ jwt_public_key: '/nowhere/at/all.pem' }, 'cannot be read'],
  ])('that cannot work is refused: %j', (options, words) => {
    expect(() => verifierWith(options)).toThrow(words);
    expect(() => verifierWith(options)).toThrow(ConfigError);
  });

  test.each([
    ['no key at all', 'holds no public key'],
    ['{"keys":7}', 'neither a JWK nor a JWK Set'],
    [PRIVATE_PEM, 'holds a private key'],
    ['{"kty":"oct","k":"c2VjcmV0"}', 'holds a private key'],
  ])('a key file with something else in it is refused: %#', (content, words) => {
    using file = temporaryFile('key', content);
    expect(() => verifierWith({ jwt_public_key: file.path })).toThrow(words);
  });
});
