import type { Storage } from '../storage/port.ts';

export interface DeskLimits {
  readonly token_lifetime_ms_max: number;
  readonly session_ttl_ms: number;
  readonly jwt_clock_skew_ms: number;
}

/** What endpoints work with. */
export interface Desk {
  readonly storage: Storage;
  readonly limits: DeskLimits;
  /** The wall clock, in milliseconds. */
  readonly clock: () => number;
}

/** Every token of the user issued until now is void, of whatever kind, and who came with one is sent away. */
export async function revokeUser(
  { storage, limits, clock }: Desk,
  subject: string,
): Promise<number> {
  const revoked_at_ms = clock();
  const { token_lifetime_ms_max, session_ttl_ms, jwt_clock_skew_ms } = limits;
  const lifetime_ms = Math.max(token_lifetime_ms_max, session_ttl_ms) + 2 * jwt_clock_skew_ms;
  const expires_at_ms = revoked_at_ms + lifetime_ms;
  await storage.addRevocation({ kind: 'user', subject, revoked_at_ms, expires_at_ms });
  return revoked_at_ms;
}

/** @param expires_at_ms when the token would have ended by itself; undefined: as late as any may */
export async function revokeToken(
  { storage, limits, clock }: Desk,
  subject: string,
  expires_at_ms?: number,
): Promise<number> {
  const revoked_at_ms = clock();
  const { token_lifetime_ms_max, jwt_clock_skew_ms } = limits;
  const latest_ms = revoked_at_ms + token_lifetime_ms_max + 2 * jwt_clock_skew_ms;
  await storage.addRevocation({
    kind: 'token',
    subject,
    revoked_at_ms,
    expires_at_ms: expires_at_ms ?? latest_ms,
  });
  return revoked_at_ms;
}
