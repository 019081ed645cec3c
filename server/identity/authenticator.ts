import { Refusal, UnavailableError } from '../errors.ts';
import { type Identity, isGuest, newGuest } from './identity.ts';
import type { JwtVerifier } from './jwt.ts';
import type { Permissions } from './permissions.ts';
import { RESUME_TOKEN_BYTES_MAX, ResumeTokens } from './resume_tokens.ts';
import type { Revocations } from './revocations.ts';
import { type Accounts, isSessionToken } from './session_tokens.ts';

/** At once, or when keys and storage have answered. */
export type Verdict = Identity | Refusal | Promise<Identity | Refusal>;

export interface AuthenticatorParts {
  readonly resume: ResumeTokens;
  /** Longer ones are refused before anybody reads them. */
  readonly token_bytes_max: number;
  readonly guests: 'allow' | 'deny';
  readonly guestPermissions: Permissions;
  /** Absent: no JSON Web Token is accepted. */
  readonly jwt?: JwtVerifier | undefined;
  /** Absent: no session token is accepted, and nobody is disabled or revoked. */
  readonly accounts?: Accounts | undefined;
  readonly revocations?: Revocations | undefined;
}

const RETRY_MS = 1_000;

/** Says who somebody is by what they present. The one place that knows which kinds of tokens there are. */
export class Authenticator {
  readonly #parts: AuthenticatorParts;

  constructor(parts: AuthenticatorParts) {
    this.#parts = parts;
  }

  get admitsGuests(): boolean {
    return this.#parts.guests === 'allow';
  }

  /** Whether there are other tokens than those this server hands out with `welcome`. */
  get takesIssuedTokens(): boolean {
    return this.#parts.jwt !== undefined || this.#parts.accounts !== undefined;
  }

  /** How long a resume token is good. */
  get resume_ttl_ms(): number {
    return this.#parts.resume.ttl_ms;
  }

  guest(username: string | undefined): Identity {
    return newGuest(username, Date.now(), this.#parts.guestPermissions);
  }

  /** A resume token. */
  issue(identity: Identity): string {
    return this.#parts.resume.issue(identity);
  }

  /** A resume token extends nothing: it only brings back what was proven before. */
  canExtend(token: string): boolean {
    return this.takesIssuedTokens && !ResumeTokens.isOne(token);
  }

  verify(token: string): Verdict {
    const { revocations, token_bytes_max } = this.#parts;
    const bytes_max = ResumeTokens.isOne(token) ? RESUME_TOKEN_BYTES_MAX : token_bytes_max;
    if (Buffer.byteLength(token) > bytes_max) return new Refusal('token_invalid');
    const verdict = this.#identify(token);
    const isKnown = revocations === undefined || revocations.isLoaded;
    if (isKnown && !(verdict instanceof Promise)) return this.#settle(verdict);
    return this.#settleLater(verdict);
  }

  #identify(token: string): Verdict {
    const { resume, jwt, accounts } = this.#parts;
    if (ResumeTokens.isOne(token)) return this.#resume(resume.verify(token));
    if (isSessionToken(token) && accounts !== undefined) return accounts.verify(token);
    if (jwt === undefined) return new Refusal('token_invalid');
    const verified = jwt.verify(token);
    if (accounts === undefined) return verified;
    return verified.then((one) => (one instanceof Refusal ? one : accounts.admit(one)));
  }

  #resume(verdict: Identity | Refusal): Identity | Refusal {
    if (verdict instanceof Refusal || !isGuest(verdict.user)) return verdict;
    if (!this.admitsGuests) return new Refusal('token_invalid');
    // What guests may do is up to the configuration of today, not of the day they first came.
    return { ...verdict, permissions: this.#parts.guestPermissions };
  }

  async #settleLater(verdict: Verdict): Promise<Identity | Refusal> {
    const identity = await verdict;
    if (identity instanceof Refusal) return identity;
    try {
      await this.#parts.revocations?.loaded();
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      return new Refusal('unavailable', 'Tokens cannot be checked now.', RETRY_MS);
    }
    return this.#settle(identity);
  }

  #settle(verdict: Identity | Refusal): Identity | Refusal {
    if (verdict instanceof Refusal) return verdict;
    return this.isRevoked(verdict) ? new Refusal('token_invalid') : verdict;
  }

  isRevoked(identity: Identity): boolean {
    return this.#parts.revocations?.covers(identity) === true;
  }
}
