import { errors, type JWTPayload, jwtVerify } from 'jose';
import { Refusal, UnavailableError } from '../errors.ts';
import { type Identity, userIdFlaw, usernameFrom } from './identity.ts';
import type { JwtKeys } from './jwt_keys.ts';
import { Permissions } from './permissions.ts';

/** What a token must say, and where. */
export interface JwtOptions {
  /** Empty: anybody's. */
  readonly jwt_issuer: string;
  /** Empty: for anybody. */
  readonly jwt_audience: string;
  /** By how much the issuer's clock and this one may differ. */
  readonly jwt_clock_skew_ms: number;
  /** The claim that holds the permissions. */
  readonly jwt_rooms_claim: string;
  readonly token_lifetime_ms_max: number;
}

const RETRY_MS = 5_000;
const JTI_CHARACTERS_MAX = 255;

/** Told why a token was turned down, in words without any of it. */
export type OnTurnedDown = (reason: string) => void;

/** Reads JSON Web Tokens of an application's own issuer (RFC 7519, checked by `jose`). */
export class JwtVerifier {
  readonly #keys: JwtKeys;
  readonly #options: JwtOptions;
  readonly #turnedDown: OnTurnedDown;
  readonly #clock: () => number;

  constructor(keys: JwtKeys, options: JwtOptions, turnedDown: OnTurnedDown, clock = Date.now) {
    this.#keys = keys;
    this.#options = options;
    this.#turnedDown = turnedDown;
    this.#clock = clock;
  }

  async verify(token: string): Promise<Identity | Refusal> {
    const { jwt_issuer, jwt_audience, jwt_clock_skew_ms } = this.#options;
    try {
      const { payload } = await jwtVerify(token, this.#keys.find, {
        algorithms: [...this.#keys.algorithms],
        requiredClaims: ['sub', 'exp'],
        clockTolerance: jwt_clock_skew_ms / 1_000,
        currentDate: new Date(this.#clock()),
        ...(jwt_issuer !== '' && { issuer: jwt_issuer }),
        ...(jwt_audience !== '' && { audience: jwt_audience }),
      });
      return this.#identify(payload);
    } catch (error) {
      return this.#refusalFor(error);
    }
  }

  #identify(payload: JWTPayload): Identity | Refusal {
    // As the issuer wrote them: their types are as hard to trust as their values.
    const { sub, iat, jti, name, preferred_username } = payload as Record<string, unknown>;
    const { jwt_clock_skew_ms, jwt_rooms_claim, token_lifetime_ms_max } = this.#options;
    const flaw = typeof sub === 'string' ? userIdFlaw(sub) : 'is not a string';
    if (typeof sub !== 'string' || flaw !== undefined) {
      return this.#invalid(`the claim "sub" ${flaw}`);
    }
    const expires_at_ms = Number(payload.exp) * 1_000 + jwt_clock_skew_ms;
    // Revocations are kept for as long as what they revoke can live: that must be known.
    if (expires_at_ms - this.#clock() > token_lifetime_ms_max + jwt_clock_skew_ms) {
      return this.#invalid('it is good for longer than --token-lifetime-ms-max');
    }
    const token_id = tokenIdOf(jti);
    if (jti !== undefined && token_id === undefined) {
      return this.#invalid('the claim "jti" is no short string');
    }
    const rules = Object.hasOwn(payload, jwt_rooms_claim) ? payload[jwt_rooms_claim] : undefined;
    const permissions = rules === undefined ? Permissions.all : Permissions.read(rules);
    if (permissions === undefined) {
      return this.#invalid(`the claim "${jwt_rooms_claim}" is not an object of lists of rights`);
    }
    return {
      user: { user_id: sub, username: usernameFrom(sub, name, preferred_username) },
      permissions,
      // An issuer whose clock is ahead must not outrun revocations.
      issued_at_ms: typeof iat === 'number' ? Math.min(iat * 1_000, this.#clock()) : 0,
      expires_at_ms,
      ...(token_id !== undefined && { token_id }),
    };
  }

  #refusalFor(error: unknown): Refusal {
    if (error instanceof UnavailableError) {
      return new Refusal('unavailable', 'Tokens cannot be checked now.', RETRY_MS);
    }
    if (error instanceof errors.JWTExpired) return new Refusal('token_expired');
    if (error instanceof errors.JWTClaimValidationFailed) {
      return this.#invalid(`the claim "${error.claim}" is missing or not as it must be`);
    }
    if (error instanceof errors.JOSEError) return this.#invalid(error.code);
    throw error;
  }

  #invalid(reason: string): Refusal {
    this.#turnedDown(reason);
    return new Refusal('token_invalid');
  }
}

/** @returns what a revocation of the token names; undefined when `jti` is none */
export const tokenIdOf = (jti: unknown): string | undefined =>
  typeof jti === 'string' && jti !== '' && jti.length <= JTI_CHARACTERS_MAX
    ? `jti:${jti}`
    : undefined;
