import { adviceOf } from './advice.ts';
import { Backoff, clampDelay } from './backoff.ts';
import type { Credentials } from './credentials.ts';
import type { ClientLimits } from './options.ts';

/** How to introduce oneself on the next attempt. */
export interface Introduction {
  readonly token: string | Promise<string> | undefined;
  /** In an `auth` after opening instead of in the URL. */
  readonly inSession: boolean;
}

/** How a connection ended. */
export interface Ending {
  readonly code: number;
  readonly reason: string;
  /** Whether the WebSocket handshake had succeeded. */
  readonly opened: boolean;
}

/** Milliseconds to wait before the next attempt, or undefined: stop. */
export type Verdict = number | undefined;

/** "Come back later" starts here in the backoff: eight times the base. */
const LATER_ATTEMPT = 3;

/**
 * Decides when to come back, and as whom. Pure: times come in, waits go out.
 *
 * A browser does not tell why a handshake failed. A refused token (HTTP 401) and a server that is
 * down look alike, and giving up a resume token for an outage would give up the identity that makes
 * resent messages recognisable. So after a failed handshake the next attempt opens without the
 * token and presents it in `auth`, whose answer is definite; they alternate until one succeeds.
 */
export class ReconnectPolicy {
  readonly #credentials: Credentials;
  readonly #backoff: Backoff;
  readonly #stable_after_ms: number;
  readonly #random: () => number;
  #handshakesFailed = 0;
  #online_at: number | undefined;
  /** When a `reconnect` told this client to come back: replaces the backoff. */
  #hinted_at: number | undefined;
  /** No earlier than this, whatever the backoff says. */
  #notBefore_at = 0;

  constructor(credentials: Credentials, limits: ClientLimits, random: () => number) {
    this.#credentials = credentials;
    this.#backoff = new Backoff(limits.reconnect_base_ms, limits.reconnect_cap_ms, random);
    this.#stable_after_ms = limits.stable_after_ms;
    this.#random = random;
  }

  introduction(): Introduction {
    const token = this.#credentials.current;
    return { token, inSession: token !== undefined && this.#handshakesFailed % 2 === 1 };
  }

  online(now: number): void {
    this.#handshakesFailed = 0;
    this.#online_at = now;
  }

  /**
   * Takes a `reconnect` hint.
   * @returns how long from now this client's turn comes
   */
  hint(after_ms: number, jitter_ms: number, now: number): number {
    const delay_ms = clampDelay(after_ms + this.#random() * jitter_ms);
    this.#hinted_at = now + delay_ms;
    return delay_ms;
  }

  /** The server named a wait that was not about one request. */
  notBefore(retry_after_ms: number, now: number): void {
    this.#notBefore_at = Math.max(this.#notBefore_at, now + clampDelay(retry_after_ms));
  }

  ended(ending: Ending, now: number): Verdict {
    this.#handshakesFailed = ending.opened ? 0 : this.#handshakesFailed + 1;
    // A connection that never settles keeps counting, or a welcome before each close would storm.
    const settled = this.#online_at !== undefined && now - this.#online_at >= this.#stable_after_ms;
    if (settled) this.#backoff.reset();
    this.#online_at = undefined;
    const delay_ms = this.#delay(ending.code);
    if (delay_ms === undefined) return undefined;
    const hinted_at = this.#hinted_at;
    this.#hinted_at = undefined;
    const due_at = Math.max(hinted_at ?? now + delay_ms, this.#notBefore_at);
    return Math.max(0, due_at - now);
  }

  #delay(code: number): Verdict {
    switch (adviceOf(code)) {
      case 'stop':
        return undefined;
      case 'token_refused':
        return this.#credentials.refused() ? this.#backoff.next() : undefined;
      case 'token_expired':
        return this.#credentials.expired() ? this.#backoff.next() : this.#backoff.rare();
      case 'return_rarely':
        return this.#backoff.rare();
      case 'return_later':
        this.#backoff.skipTo(LATER_ATTEMPT);
        return this.#backoff.next();
      case 'return':
        return this.#backoff.next();
    }
  }
}
