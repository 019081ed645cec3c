import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { Refusal } from '../errors.ts';
import type { User } from '../protocol/messages.ts';

const TOKEN_VERSION = 'r1';

/**
 * Who people are. A guest gets an id once and a resume token that proves it later: without that a
 * message sent again after a lost connection could not be recognised as the same user's.
 *
 * A resume token is `r1.<claims>.<mac>`: base64url of the JSON claims, and of their HMAC-SHA-256.
 */
export class Identities {
  readonly #secret: string;
  readonly ttl_ms: number;
  readonly #clock: () => number;

  /** @param clock wall clock in milliseconds: tokens outlive processes */
  constructor(secret: string, ttl_ms: number, clock: () => number = Date.now) {
    this.#secret = secret;
    this.ttl_ms = ttl_ms;
    this.#clock = clock;
  }

  guest(username: string | undefined): User {
    const id = randomBytes(9).toString('base64url');
    return { user_id: `g_${id}`, username: username ?? `guest-${id.slice(0, 4)}` };
  }

  issue(user: User): string {
    const claims = { ...user, expires_ms: this.#clock() + this.ttl_ms };
    const body = `${TOKEN_VERSION}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
    return `${body}.${this.#mac(body)}`;
  }

  verify(token: string): User | Refusal {
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
    ) as User & { readonly expires_ms: number };
    if (claims.expires_ms <= this.#clock()) return new Refusal('token_expired');
    return { user_id: claims.user_id, username: claims.username };
  }

  #mac(body: string): string {
    return createHmac('sha256', this.#secret).update(body).digest('base64url');
  }
}
