import { createHmac, timingSafeEqual } from 'node:crypto';
import { Refusal } from '../errors.ts';
import type { Identity } from './identity.ts';
import { Permissions, type RoomRules } from './permissions.ts';

const TOKEN_VERSION = 'r1';

/** The longest ids and the most permissions there can be take less. */
export const RESUME_TOKEN_BYTES_MAX = 8_192;

/** What stands in a resume token. The optional ones are absent for guests. */
interface Claims {
  readonly user_id: string;
  readonly username: string;
  readonly expires_ms: number;
  /** When the identity was proven first: coming back does not make it newer. */
  readonly issued_ms?: number;
  readonly identity_expires_ms?: number;
  readonly token_id?: string;
  readonly rooms?: RoomRules;
}

/**
 * Proofs of an identity that this server gives out itself, so that somebody who lost a connection
 * comes back as the same user: without that a message sent again could not be recognised. It carries
 * what the identity carried, and ends no later.
 *
 * A resume token is `r1.<claims>.<mac>`: base64url of the JSON claims, and of their HMAC-SHA-256.
 */
export class ResumeTokens {
  readonly #secret: string;
  readonly ttl_ms: number;
  readonly #clock: () => number;

  /** @param clock wall clock in milliseconds: tokens outlive processes */
  constructor(secret: string, ttl_ms: number, clock: () => number = Date.now) {
    this.#secret = secret;
    this.ttl_ms = ttl_ms;
    this.#clock = clock;
  }

  /** By its looks; whether it is a good one is for `verify` to say. */
  static isOne(token: string): boolean {
    return token.startsWith(`${TOKEN_VERSION}.`);
  }

  issue({ user, permissions, issued_at_ms, expires_at_ms, token_id }: Identity): string {
    const end_ms = this.#clock() + this.ttl_ms;
    const claims: Claims = {
      ...user,
      expires_ms: Math.min(end_ms, expires_at_ms ?? end_ms),
      issued_ms: issued_at_ms,
      ...(expires_at_ms !== undefined && { identity_expires_ms: expires_at_ms }),
      ...(token_id !== undefined && { token_id }),
      ...(permissions.rules !== undefined && { rooms: permissions.rules }),
    };
    const body = `${TOKEN_VERSION}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
    return `${body}.${this.#mac(body)}`;
  }

  verify(token: string): Identity | Refusal {
    const end = token.lastIndexOf('.');
    const body = token.slice(0, Math.max(0, end));
    // Compared as text: base64 has several spellings of the same bytes, a token has one.
    const mac = Buffer.from(token.slice(end + 1));
    const expected = Buffer.from(this.#mac(body));
    if (mac.length !== expected.length || !timingSafeEqual(mac, expected)) {
      return new Refusal('token_invalid');
    }
    // Only this server's own words come past the MAC: their shape needs no second look.
    const claims = JSON.parse(
      Buffer.from(body.slice(TOKEN_VERSION.length + 1), 'base64url').toString(),
    ) as Claims;
    return claims.expires_ms <= this.#clock() ? new Refusal('token_expired') : identityOf(claims);
  }

  #mac(body: string): string {
    return createHmac('sha256', this.#secret).update(body).digest('base64url');
  }
}

const identityOf = (claims: Claims): Identity => ({
  user: { user_id: claims.user_id, username: claims.username },
  permissions:
    claims.rooms === undefined
      ? Permissions.all
      : (Permissions.read(claims.rooms) ?? Permissions.none),
  issued_at_ms: claims.issued_ms ?? 0,
  ...(claims.identity_expires_ms !== undefined && { expires_at_ms: claims.identity_expires_ms }),
  ...(claims.token_id !== undefined && { token_id: claims.token_id }),
});
