import { conformance, STANDARD, type Verdict } from '../contract/conformance.ts';
import { DIALECTS } from '../contract/dialects.ts';
import type { RuleName } from '../contract/rules.ts';
import type { Peer } from './peer.ts';
import { startPeer } from './start.ts';

const PING_INTERVAL_MS = 200;
/** Many intervals: a busy machine may be late, a peer that cuts nobody is late for good. */
const KEEPALIVE_MS = 10_000;
const RATE_LIMIT = 10;

/**
 * Puts a built peer through the contract, as far as its dialect goes: as it comes, with a rate limit, and with a short
 * keepalive, each in a process of its own.
 */
export async function conform(peer: Peer): Promise<readonly Verdict[]> {
  const verdicts = new Map<RuleName, Verdict>();
  const note = (found: readonly Verdict[]): void => {
    for (const verdict of found) verdicts.set(verdict.rule, verdict);
  };
  const standard = { ...STANDARD, dialect: DIALECTS[peer.dialect ?? 'peer'] };
  {
    await using server = await startPeer(peer);
    note(await conformance({ ...standard, url: server.url }));
  }
  {
    await using server = await startPeer(peer, { rate_limit: RATE_LIMIT });
    const subject = { ...standard, url: server.url, rate_limit: RATE_LIMIT };
    note(await conformance(subject, ['rate-limit']));
  }
  {
    await using server = await startPeer(peer, { ping_interval_ms: PING_INTERVAL_MS });
    const subject = { ...standard, url: server.url, keepalive_ms: KEEPALIVE_MS };
    note(await conformance(subject, ['keepalive']));
  }
  return [...verdicts.values()];
}
