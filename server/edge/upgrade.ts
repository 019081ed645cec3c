import { Refusal } from '../errors.ts';
import type { Authenticator } from '../identity/authenticator.ts';
import { type Identity, isShownName, USERNAME_BYTES_MAX } from '../identity/identity.ts';
import { type Encoding, negotiate, subprotocolOf } from '../protocol/encoding.ts';
import type { TokenBucket } from '../session/token_bucket.ts';
import type { UpgradeRefusal } from '../telemetry/counters.ts';
import type { Admission } from './connection.ts';
import type { Occupancy } from './occupancy.ts';
import type { Origins } from './origins.ts';

const KEY_FORM = /^[A-Za-z0-9+/]{22}==$/;
const CONNECTION_UPGRADE = /(?:^|,)\s*upgrade\s*(?:,|$)/i;
const BEARER = /^Bearer +(\S+) *$/i;
const RETRY_AFTER_S = '5';

export interface Gate {
  readonly occupancy: Occupancy;
  /** How fast connections are taken: all clients coming back at once must not keep all of them out. */
  readonly pace: TokenBucket;
  readonly origins: Origins;
  readonly authenticator: Authenticator;
  readonly isDraining: () => boolean;
}

/** Why a request does not become a connection. */
export interface Turned {
  readonly reason: UpgradeRefusal;
  readonly response: Response;
}

const turn = (
  reason: UpgradeRefusal,
  status: number,
  text: string,
  headers?: Record<string, string>,
): Turned => ({
  reason,
  response: new Response(`${text}\n`, headers ? { status, headers } : { status }),
});

/** @returns at once, unless a token has to be looked up somewhere */
export type Admitted = Admission | Turned | Promise<Admission | Turned>;

/**
 * Decides everything about a connection that can be decided before there is one.
 * @returns an admission that has its place in `gate.occupancy`, to be given back when it comes to nothing
 */
export function admit(request: Request, address: string, gate: Gate): Admitted {
  const encoding = checkHandshake(request.headers);
  if (typeof encoding !== 'string') return encoding;
  if (!gate.origins.allow(request.headers.get('origin'))) {
    return turn('origin', 403, 'Pages of this origin may not connect here.');
  }
  const full = claimPlace(address, gate);
  if (full !== undefined) return full;
  const query = new URL(request.url).searchParams;
  const room = query.get('room') ?? undefined;
  const settle = (identity: Identity | undefined | Turned): Admission | Turned => {
    if (identity === undefined || 'user' in identity) return { address, encoding, identity, room };
    gate.occupancy.release(address);
    return identity;
  };
  const identity = identify(query, request.headers, gate.authenticator);
  if (!(identity instanceof Promise)) return settle(identity);
  return identity.then(
    (known) => settle(gate.isDraining() ? draining() : known),
    (error: unknown) => {
      gate.occupancy.release(address);
      throw error;
    },
  );
}

/** RFC 6455, section 4.2: what Bun does not check by itself. */
function checkHandshake(headers: Headers): Encoding | Turned {
  if (headers.get('upgrade')?.toLowerCase() !== 'websocket') {
    return turn('bad_request', 426, 'Connect here with WebSocket.', { upgrade: 'websocket' });
  }
  if (!CONNECTION_UPGRADE.test(headers.get('connection') ?? '')) {
    return turn('bad_request', 400, 'The Connection header does not ask for an upgrade.');
  }
  if (headers.get('sec-websocket-version') !== '13') {
    return turn('bad_request', 426, 'Only WebSocket version 13 is spoken here.', {
      'sec-websocket-version': '13',
    });
  }
  if (!KEY_FORM.test(headers.get('sec-websocket-key') ?? '')) {
    return turn('bad_request', 400, 'Sec-WebSocket-Key is missing or malformed.');
  }
  const encoding = negotiate(headers.get('sec-websocket-protocol'));
  return encoding ?? turn('subprotocol', 400, 'None of the offered subprotocols is spoken here.');
}

const draining = (): Turned =>
  turn('draining', 503, 'The server is about to stop.', { 'retry-after': RETRY_AFTER_S });

function claimPlace(address: string, gate: Gate): Turned | undefined {
  const later = { 'retry-after': RETRY_AFTER_S };
  if (gate.isDraining()) return draining();
  if (gate.pace.take(performance.now()) > 0) {
    return turn('too_fast', 503, 'Too many connect at once.', later);
  }
  switch (gate.occupancy.claim(address)) {
    case 'server':
      return turn('server_full', 503, 'The server has as many connections as it takes.', later);
    case 'address':
      return turn('address_full', 429, 'Too many connections from this address.', later);
    case undefined:
      return undefined;
  }
}

type Known = Identity | undefined | Turned;

/** @returns undefined when it remains to be said with `auth` */
function identify(
  query: URLSearchParams,
  headers: Headers,
  authenticator: Authenticator,
): Known | Promise<Known> {
  const inQuery = query.get('token');
  const inHeader = authenticator.takesIssuedTokens ? bearerOf(headers) : null;
  if (inQuery !== null && inHeader !== null) {
    return turn('bad_request', 400, 'Present one token: in the query or in a header.');
  }
  const token = inQuery ?? inHeader;
  if (token !== null) {
    const verdict = authenticator.verify(token);
    return verdict instanceof Promise ? verdict.then(admitted) : admitted(verdict);
  }
  const name = query.get('name') ?? undefined;
  if (name !== undefined && !isShownName(name)) {
    return turn('bad_request', 400, `A name has 1 to ${USERNAME_BYTES_MAX} visible bytes.`);
  }
  return authenticator.admitsGuests ? authenticator.guest(name) : undefined;
}

/** Other schemes are the business of whoever stands before this server. */
const bearerOf = (headers: Headers): string | null =>
  BEARER.exec(headers.get('authorization') ?? '')?.[1] ?? null;

function admitted(verdict: Identity | Refusal): Known {
  if (!(verdict instanceof Refusal)) return verdict;
  if (verdict.code !== 'unavailable') return turn('token', 401, verdict.message);
  return turn('token_unchecked', 503, verdict.message, { 'retry-after': RETRY_AFTER_S });
}

/** The subprotocol is answered only when one was offered; Bun by itself would echo the first. */
export const handshakeHeaders = (
  request: Request,
  encoding: Encoding,
): Record<string, string> | undefined =>
  request.headers.has('sec-websocket-protocol')
    ? { 'sec-websocket-protocol': subprotocolOf(encoding) }
    : undefined;
