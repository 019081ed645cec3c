import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type FetchImplementation,
  type FlattenedJWSInput,
  type JWTHeaderParameters,
} from 'jose';
import { UnavailableError } from '../errors.ts';

export interface RemoteKeysLimits {
  /** After so long the keys are fetched again, beside the requests that go on with the old ones. */
  readonly jwt_jwks_cache_ms: number;
  /** Between two fetches at least, whatever tokens with unknown key ids come, and whether it failed. */
  readonly jwt_jwks_cooldown_ms: number;
  readonly jwt_jwks_timeout_ms: number;
}

export interface RemoteKeysEvents {
  /** The endpoint did not answer with a key set; the keys fetched before go on. */
  keysUnavailable(error: unknown): void;
}

/** After a failure, another try comes no sooner, or after the cooldown if that is shorter. */
const RETRY_MS = 5_000;
/** A key set has a few keys of a kilobyte each. */
const BYTES_MAX = 256 * 1024;

/**
 * The keys an issuer publishes at a URL. Once there are some, an endpoint that is down costs nothing
 * but news of newer keys; a key id nobody knows asks for them, at most once in the cooldown.
 */
export class RemoteKeys {
  readonly #url: URL;
  readonly #limits: RemoteKeysLimits;
  readonly #events: RemoteKeysEvents;
  readonly #set: ReturnType<typeof createRemoteJWKSet>;
  #fetched_at_ms = Number.NEGATIVE_INFINITY;
  #failed_at_ms = Number.NEGATIVE_INFINITY;

  constructor(url: URL, limits: RemoteKeysLimits, events: RemoteKeysEvents) {
    this.#url = url;
    this.#limits = limits;
    this.#events = events;
    this.#set = createRemoteJWKSet(url, {
      timeoutDuration: limits.jwt_jwks_timeout_ms,
      cooldownDuration: limits.jwt_jwks_cooldown_ms,
      // Renewed from here, and never dropped for being old: the endpoint may be down just then.
      cacheMaxAge: Number.POSITIVE_INFINITY,
      [customFetch]: (target, init) => this.#fetch(target, init),
    });
    // Now, so that whoever starts the server sees at once whether there are any.
    this.#set.reload().catch(() => undefined);
  }

  /**
   * @throws UnavailableError when the key may be one that could not be fetched
   * @throws JOSEError when there is no such key
   */
  async find(header?: JWTHeaderParameters, token?: FlattenedJWSInput): Promise<CryptoKey> {
    this.#renew();
    try {
      return await this.#set(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) throw error;
      if (error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      if (error instanceof errors.JOSENotSupported) throw error;
      throw new UnavailableError('the keys of tokens could not be fetched', { cause: error });
    }
  }

  #renew(): void {
    const { jwt_jwks_cache_ms } = this.#limits;
    const age_ms = performance.now() - this.#fetched_at_ms;
    if (age_ms < jwt_jwks_cache_ms || this.#set.jwks() === undefined) return;
    // What went wrong was told by `#fetch`; the request at hand has the keys there are.
    if (!this.#isCoolingDown) this.#set.reload().catch(() => undefined);
  }

  /** An endpoint that is down must not be asked once more by every token that comes. */
  get #isCoolingDown(): boolean {
    const wait_ms = Math.min(RETRY_MS, this.#limits.jwt_jwks_cooldown_ms);
    return performance.now() - this.#failed_at_ms < wait_ms;
  }

  readonly #fetch: FetchImplementation = async (_, init) => {
    if (this.#isCoolingDown) throw new UnavailableError('the keys were asked for a moment ago');
    try {
      const response = await fetch(this.#url, init);
      if (response.status !== 200) throw new Error(`the key set was answered ${response.status}`);
      const body = await readAtMost(response, BYTES_MAX);
      JSON.parse(body);
      this.#fetched_at_ms = performance.now();
      return new Response(body);
    } catch (error) {
      this.#failed_at_ms = performance.now();
      this.#events.keysUnavailable(error);
      throw error;
    }
  };
}

async function readAtMost(response: Response, bytes_max: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > bytes_max) throw new Error(`the key set has more than ${bytes_max} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
