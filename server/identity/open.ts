import { ConfigError } from '../errors.ts';
import type { Storage } from '../storage/port.ts';
import { Authenticator } from './authenticator.ts';
import { type JwtOptions, JwtVerifier } from './jwt.ts';
import { type JwtKeyOptions, openJwtKeys } from './jwt_keys.ts';
import { Permissions } from './permissions.ts';
import { ResumeTokens } from './resume_tokens.ts';
import { Revocations } from './revocations.ts';
import { Accounts } from './session_tokens.ts';

export interface IdentityOptions extends JwtKeyOptions, JwtOptions {
  readonly session_secret: string;
  readonly session_ttl_ms: number;
  readonly token_bytes_max: number;
  readonly guests: 'allow' | 'deny';
  /** JSON of `RoomRules`; empty: everything. */
  readonly guest_rooms: string;
}

export interface IdentityLogger {
  debug(what: object, message: string): void;
  warn(what: object, message: string): void;
}

/** Everything one thread needs to know who people are. */
export interface IdentityDesk {
  readonly authenticator: Authenticator;
  stop(): void;
}

/**
 * @param storage of users, session tokens and revocations; without it there are none of them
 * @param revoked called when there are new revocations
 * @throws ConfigError when the keys cannot be used
 */
export function openIdentity(
  options: IdentityOptions,
  logger: IdentityLogger,
  storage: Storage | undefined,
  revoked: () => void,
): IdentityDesk {
  const keys = openJwtKeys(options, {
    keysUnavailable: (error) => logger.warn({ err: error }, 'the keys of tokens cannot be fetched'),
  });
  if (options.guests === 'deny' && keys === undefined && storage === undefined) {
    throw new ConfigError(
      '--guests deny: nobody could come in; set --jwt-secret, another source of keys, or --admin-key.',
    );
  }
  const turnedDown = (reason: string): void => logger.debug({ reason }, 'a token was turned down');
  const revocations =
    storage &&
    new Revocations(storage, {
      revoked,
      unavailable: (error) => logger.warn({ err: error }, 'revocations cannot be read'),
    });
  const authenticator = new Authenticator({
    resume: new ResumeTokens(options.session_secret, options.session_ttl_ms),
    token_bytes_max: options.token_bytes_max,
    guests: options.guests,
    guestPermissions: guestPermissions(options.guest_rooms),
    jwt: keys && new JwtVerifier(keys, options, turnedDown),
    accounts: storage && new Accounts(storage),
    revocations,
  });
  return { authenticator, stop: () => revocations?.stop() };
}

function guestPermissions(rules: string): Permissions {
  if (rules === '') return Permissions.all;
  let claim: unknown;
  try {
    claim = JSON.parse(rules);
  } catch {
    // Not JSON: answered like JSON of another shape.
  }
  const permissions = Permissions.read(claim);
  if (permissions !== undefined) return permissions;
  throw new ConfigError('--guest-rooms must be JSON like {"lobby":["join","publish","history"]}.');
}
