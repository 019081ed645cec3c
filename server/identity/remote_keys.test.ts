import { expect, test } from 'bun:test';
import type { JWK } from 'jose';
import { eventually } from '../../tests/support/eventually.ts';
import { type IssuerKey, makeKey, signWithKey } from '../../tests/support/issuer.ts';
import { loadConfig } from '../config/load.ts';
import { Refusal } from '../errors.ts';
import { JwtVerifier } from './jwt.ts';
import { openJwtKeys } from './jwt_keys.ts';

const [FIRST, SECOND] = [await makeKey('ES256', 'first'), await makeKey('ES256', 'second')];

/** An issuer's endpoint that can be told to fail. */
class KeyServer implements Disposable {
  keys: readonly JWK[];
  /** Undefined: as it should. */
  answer: (() => Response | Promise<Response>) | undefined;
  asked = 0;
  readonly #server: ReturnType<typeof Bun.serve>;

  constructor(...keys: readonly IssuerKey[]) {
    this.keys = keys.map(({ jwk }) => jwk);
    this.#server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: () => {
        this.asked += 1;
        return this.answer?.() ?? Response.json({ keys: this.keys });
      },
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}/keys`;
  }

  [Symbol.dispose](): void {
    this.#server.stop(true);
  }
}

interface Waits {
  readonly jwt_jwks_cache_ms?: number;
  readonly jwt_jwks_cooldown_ms?: number;
  readonly jwt_jwks_timeout_ms?: number;
}

function verifierFor(server: KeyServer, waits: Waits = {}) {
  const config = loadConfig(['--jwt-jwks-url', server.url], {});
  if (config === undefined) throw new Error('no configuration');
  const failures: unknown[] = [];
  const options = { ...config, ...waits };
  const keys = openJwtKeys(options, { keysUnavailable: (error) => failures.push(error) });
  if (keys === undefined) throw new Error('no keys');
  const verifier = new JwtVerifier(keys, options, () => undefined);
  const verdictOn = async (key: IssuerKey): Promise<string> => {
    const verdict = await verifier.verify(await signWithKey(key));
    return verdict instanceof Refusal ? verdict.code : verdict.user.user_id;
  };
  return { verdictOn, failures };
}

const down = () => new Response('down', { status: 503 });

test('keys are fetched once, before anybody asks, for all tokens', async () => {
  using server = new KeyServer(FIRST, SECOND);
  const { verdictOn } = verifierFor(server);
  await eventually('the keys are fetched', () => server.asked === 1);
  const verdicts = await Promise.all([FIRST, SECOND, FIRST, SECOND].map(verdictOn));
  expect(verdicts).toEqual(['ada', 'ada', 'ada', 'ada']);
  expect(server.asked).toBe(1);
});

test('a key nobody knows yet is asked for, but not again and again', async () => {
  using server = new KeyServer(FIRST);
  const { verdictOn } = verifierFor(server, { jwt_jwks_cooldown_ms: 100 });
  expect(await verdictOn(FIRST)).toBe('ada');
  server.keys = [FIRST.jwk, SECOND.jwk];
  await eventually('the new key is known', async () => (await verdictOn(SECOND)) === 'ada');
  const { asked } = server;
  const strangers = await Promise.all(['a', 'b', 'c', 'd'].map((kid) => makeKey('ES256', kid)));
  for (const stranger of strangers) expect(await verdictOn(stranger)).toBe('token_invalid');
  expect(server.asked - asked).toBeLessThanOrEqual(1);
});

test('keys that are taken back are gone after a while, without a token waiting for it', async () => {
  using server = new KeyServer(FIRST, SECOND);
  const { verdictOn } = verifierFor(server, { jwt_jwks_cache_ms: 1, jwt_jwks_cooldown_ms: 100 });
  expect(await verdictOn(FIRST)).toBe('ada');
  server.keys = [SECOND.jwk];
  await eventually('the old key is gone', async () => (await verdictOn(FIRST)) === 'token_invalid');
  expect(await verdictOn(SECOND)).toBe('ada');
});

test('an endpoint that goes down takes nobody with it whose key is known', async () => {
  using server = new KeyServer(FIRST);
  const waits = { jwt_jwks_cache_ms: 1, jwt_jwks_cooldown_ms: 100 };
  const { verdictOn, failures } = verifierFor(server, waits);
  expect(await verdictOn(FIRST)).toBe('ada');
  server.answer = down;
  await eventually('it was noticed', async () => {
    expect(await verdictOn(FIRST)).toBe('ada');
    return failures.length > 0;
  });
  // Whether another key would be there cannot be known now.
  const isUnknown = async () => (await verdictOn(SECOND)) === 'unavailable';
  await eventually('the cooldown is over', isUnknown);
  server.answer = undefined;
  server.keys = [FIRST.jwk, SECOND.jwk];
  await eventually('it is back', async () => (await verdictOn(SECOND)) === 'ada');
});

test('an endpoint that is down at the start is asked now and then, not by every token', async () => {
  using server = new KeyServer(FIRST);
  server.answer = down;
  const { verdictOn, failures } = verifierFor(server, { jwt_jwks_cooldown_ms: 1_000 });
  await eventually('it was noticed', () => failures.length === 1);
  // One after the other: those that come at once share one request anyway.
  for (let count = 0; count < 20; count += 1) expect(await verdictOn(FIRST)).toBe('unavailable');
  expect(server.asked).toBeLessThanOrEqual(2);
  server.answer = undefined;
  await eventually('it is there', async () => (await verdictOn(FIRST)) === 'ada');
});

test.each([
  ['hangs', () => new Promise<Response>(() => undefined)],
  ['sends something else', () => new Response('<html>')],
  ['sends JSON that is no key set', () => Response.json({ keys: 'none' })],
  ['sends without end', () => new Response(new Uint8Array(1_000_000))],
  ['sends one elsewhere', () => Response.redirect('http://127.0.0.1:1/keys')],
])('an endpoint that %s is one that is down', async (_, answer) => {
  using server = new KeyServer(FIRST);
  server.answer = answer;
  const { verdictOn } = verifierFor(server, { jwt_jwks_timeout_ms: 100 });
  expect(await verdictOn(FIRST)).toBe('unavailable');
});
