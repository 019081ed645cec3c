import { choice, integer, text, UsageError } from '../command/options.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { breachesOf, conformance, STANDARD } from './conformance.ts';
import { DIALECTS, type DialectName } from './dialects.ts';
import { RULES } from './rules.ts';

const NAMES = Object.keys(DIALECTS) as DialectName[];

const OPTIONS = {
  url: text('', 'the chat path of a running server, such as ws://127.0.0.1:8080/ws'),
  dialect: choice('peer', NAMES, 'how it says what the contract is about'),
  rate_limit: integer(0, 0, 1_000, 'messages/s the server was told to allow; 0 = no limit'),
  keepalive_ms: integer(0, 0, 120_000, 'time in which a dead peer is cut; 0 = not checked'),
  connections: integer(STANDARD.connections, 1, 10_000, 'how many connect at once'),
  deadline_ms: integer(STANDARD.deadline_ms, 100, 60_000, 'how long an answer may take'),
};

function requireUrl(url: string): string {
  const { protocol } = URL.canParse(url) ? new URL(url) : { protocol: '' };
  if (protocol === 'ws:') return url;
  throw new UsageError('--url takes the address of a running server: ws://<host>:<port>/ws.');
}

/** The conformance check from the command line. */
export const conformanceCommand: Scenario<typeof OPTIONS> = {
  name: 'conformance',
  summary: 'puts a running server through the contract, names each rule that it breaks',
  options: OPTIONS,
  async run({ url, dialect, ...values }, progress) {
    const subject = { ...values, dialect: DIALECTS[dialect], url: requireUrl(url) };
    progress(`conformance: ${url}`);
    const verdicts = await conformance(subject);
    const rows = verdicts.map(({ rule, outcome, detail }) => ({
      rule,
      outcome,
      detail: detail === '' ? RULES[rule] : detail,
    }));
    return { tables: [rows], targets: [], problems: breachesOf(verdicts), data: { verdicts } };
  },
};
