import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { ConfigError } from '../errors.ts';
import { RemoteKeys, type RemoteKeysEvents } from './remote_keys.ts';

/** The algorithms there are here, by the names the configuration uses, as tokens may write them. */
const ALGORITHMS: ReadonlyMap<string, readonly string[]> = new Map([
  ['HS256', ['HS256']],
  ['RS256', ['RS256']],
  ['ES256', ['ES256']],
  ['EdDSA', ['EdDSA', 'Ed25519']],
]);
const PUBLIC_KEY_ALGORITHMS = ['RS256', 'ES256', 'EdDSA'];

/** RFC 7518, section 3.2: a key of HS256 has at least as many bits as its hash. */
const SECRET_BYTES_MIN = 32;

/** Where the keys come from, and what they may be used for. */
export interface JwtKeyOptions {
  readonly jwt_secret: string;
  /** Path of a PEM, JWK or JWK Set file. */
  readonly jwt_public_key: string;
  readonly jwt_jwks_url: string;
  readonly jwt_jwks_cache_ms: number;
  readonly jwt_jwks_cooldown_ms: number;
  readonly jwt_jwks_timeout_ms: number;
  /** Separated by commas; empty: all that the keys are good for. */
  readonly jwt_algorithms: string;
}

/** What checks signatures. The algorithms are settled here, before any token is looked at. */
export interface JwtKeys {
  readonly find: JWTVerifyGetKey;
  readonly algorithms: readonly string[];
}

/**
 * @returns undefined when no source of keys is configured
 * @throws ConfigError when there are several, or what is there cannot be used
 */
export function openJwtKeys(options: JwtKeyOptions, events: RemoteKeysEvents): JwtKeys | undefined {
  const { jwt_secret, jwt_public_key, jwt_jwks_url } = options;
  const sources = [jwt_secret, jwt_public_key, jwt_jwks_url].filter((source) => source !== '');
  if (sources.length > 1) {
    throw new ConfigError('Set only one of --jwt-secret, --jwt-public-key and --jwt-jwks-url.');
  }
  if (sources.length === 0) {
    if (options.jwt_algorithms === '') return undefined;
    throw new ConfigError('--jwt-algorithms: there is no key; set --jwt-secret or another source.');
  }
  const { find, usable } = openSource(options, events);
  return { find, algorithms: chosenFrom(usable, options.jwt_algorithms) };
}

interface Source {
  readonly find: JWTVerifyGetKey;
  /** Names of algorithms its keys are good for. */
  readonly usable: readonly string[];
}

function openSource(options: JwtKeyOptions, events: RemoteKeysEvents): Source {
  if (options.jwt_secret !== '') return openSecret(options.jwt_secret);
  if (options.jwt_public_key !== '') return openFile(options.jwt_public_key);
  const remote = new RemoteKeys(urlOf(options.jwt_jwks_url), options, events);
  return { find: (header, token) => remote.find(header, token), usable: PUBLIC_KEY_ALGORITHMS };
}

function openSecret(secret: string): Source {
  const key = new TextEncoder().encode(secret);
  if (key.length < SECRET_BYTES_MIN) {
    throw new ConfigError(`--jwt-secret must have at least ${SECRET_BYTES_MIN} bytes.`);
  }
  return { find: () => key, usable: ['HS256'] };
}

function openFile(path: string): Source {
  const flag = `--jwt-public-key ${path}`;
  let source: string;
  try {
    source = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`${flag} cannot be read.`, { cause: error });
  }
  // Whoever could read the private key could sign: it has no business on this machine.
  if (/PRIVATE KEY/.test(source)) throw new ConfigError(`${flag} holds a private key.`);
  return source.trimStart().startsWith('{') ? openJson(source, flag) : openPem(source, flag);
}

function openPem(source: string, flag: string): Source {
  let key: KeyObject;
  try {
    key = createPublicKey(source);
  } catch (error) {
    throw new ConfigError(`${flag} holds no public key.`, { cause: error });
  }
  const algorithm = algorithmOf(key);
  if (algorithm === undefined) {
    throw new ConfigError(`${flag} must hold a key of RSA, of P-256 or of Ed25519.`);
  }
  return { find: () => key as unknown as CryptoKey, usable: [algorithm] };
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string | undefined {
  if (asymmetricKeyType === 'rsa') return 'RS256';
  if (asymmetricKeyType === 'ed25519') return 'EdDSA';
  return asymmetricKeyDetails?.namedCurve === 'prime256v1' ? 'ES256' : undefined;
}

function openJson(source: string, flag: string): Source {
  try {
    const json = JSON.parse(source) as JSONWebKeySet & { readonly kty?: unknown };
    const set: JSONWebKeySet = json.kty === undefined ? json : ({ keys: [json] } as never);
    const isPrivate = set.keys.some((key) => 'd' in key || 'k' in key);
    if (isPrivate) throw new ConfigError(`${flag} holds a private key.`);
    return { find: createLocalJWKSet(set), usable: PUBLIC_KEY_ALGORITHMS };
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`${flag} holds neither a JWK nor a JWK Set.`, { cause: error });
  }
}

/** Keys that come over the network in the clear could be anybody's. */
function urlOf(text: string): URL {
  const url = URL.parse(text);
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(url?.hostname ?? '');
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLocal)) return url;
  throw new ConfigError('--jwt-jwks-url must begin with https://, or http:// on this machine.');
}

function chosenFrom(usable: readonly string[], list: string): readonly string[] {
  const wanted = list.split(',').flatMap((name) => name.trim() || []);
  for (const name of wanted) {
    if (usable.includes(name)) continue;
    const why = ALGORITHMS.has(name) ? 'is not what the key is for' : 'is not an algorithm here';
    throw new ConfigError(`--jwt-algorithms: ${name} ${why}; there is ${usable.join(', ')}.`);
  }
  const names = wanted.length === 0 ? usable : wanted;
  return names.flatMap((name) => ALGORITHMS.get(name) ?? []);
}
