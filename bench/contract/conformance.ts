/**
 * Puts a running server through the contract (README.md) and names each rule that it breaks.
 * Nothing is timed here: a server has to pass before anything is.
 */
import type { Check, Subject } from './check.ts';
import { peer } from './dialects/json.ts';
import { echoBinary, echoMatch, echoText } from './echo.ts';
import { close, counters, keepalive } from './lifecycle.ts';
import { noRateLimit, rateLimit, slowReader } from './limits.ts';
import { abruptEnd, malformedFrame, malformedMessage, manyConnections } from './robustness.ts';
import { broadcast, isolation, join, leave, ping } from './rooms.ts';
import { Breach, type RuleName } from './rules.ts';

const CHECKS: readonly Check[] = [
  ...[join, broadcast, isolation, ping, leave, rateLimit, noRateLimit],
  ...[echoText, echoBinary, echoMatch, malformedMessage, malformedFrame],
  ...[manyConnections, slowReader, abruptEnd, close, keepalive, counters],
];

export const STANDARD = {
  dialect: peer,
  rate_limit: 0,
  keepalive_ms: 0,
  connections: 200,
  deadline_ms: 10_000,
} as const satisfies Omit<Subject, 'url'>;

export interface Verdict {
  readonly rule: RuleName;
  readonly outcome: 'kept' | 'broken' | 'not checked';
  /** How it was seen to be broken, or why it was not checked. */
  readonly detail: string;
}

/** @param rules to look at; all of them when left out. @returns a verdict on each, in the contract's order */
export async function conformance(
  subject: Subject,
  rules?: readonly RuleName[],
): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const check of CHECKS) {
    if (rules !== undefined && !check.rules.some((rule) => rules.includes(rule))) continue;
    verdicts.push(...(await carryOut(check, subject)));
  }
  return verdicts;
}

/** What is broken, one line each: empty when the server may be measured. */
export const breachesOf = (verdicts: readonly Verdict[]): readonly string[] =>
  verdicts
    .filter(({ outcome }) => outcome === 'broken')
    .map(({ rule, detail }) => `${rule}: ${detail}`);

async function carryOut(check: Check, subject: Subject): Promise<readonly Verdict[]> {
  const { exempt } = subject.dialect;
  const reason = exempt[check.rules[0]] ?? check.skip(subject);
  const all = (outcome: Verdict['outcome'], detail: string): readonly Verdict[] =>
    check.rules.map((rule) => ({ rule, outcome, detail }));
  if (reason !== undefined) return all('not checked', reason);
  try {
    await check.run(subject);
    return all('kept', '');
  } catch (error) {
    const broken = error instanceof Breach ? error.rule : check.rules[0];
    const seen = error instanceof Error ? error.message : String(error);
    return check.rules.map((rule) =>
      rule === broken
        ? { rule, outcome: 'broken', detail: seen }
        : { rule, outcome: 'not checked', detail: `${broken} is broken` },
    );
  }
}
