import { expect, test } from 'bun:test';
import { serve } from '../../tests/support/serve.ts';
import { breachesOf, conformance, STANDARD } from './conformance.ts';
import { hubbub } from './dialects/json.ts';
import { type Fault, startFaulty } from './faulty_server.ts';
import { RULES, type RuleName } from './rules.ts';

const RATE_LIMIT = 10;
const KEEPALIVE_MS = 10_000;
/** A server that stays silent is waited for this long. */
const SHORT_MS = 1_000;
const CHECK_MS = 60_000;
const LIMITED = { rate_limit: RATE_LIMIT, ping_interval_ms: 100 };

test(
  'a sound server keeps every rule',
  async () => {
    await using server = startFaulty();
    const subject = { ...STANDARD, url: server.url };
    const verdicts = await conformance(subject);
    expect(breachesOf(verdicts)).toEqual([]);
    expect(verdicts.map(({ rule }) => rule).toSorted()).toEqual(
      Object.keys(RULES).toSorted() as RuleName[],
    );
    const open = verdicts.filter(({ outcome }) => outcome === 'not checked');
    expect(open.map(({ rule }) => rule)).toEqual(['rate-limit', 'keepalive']);
    const limits = { keepalive_ms: KEEPALIVE_MS, rate_limit: RATE_LIMIT };
    await using limited = startFaulty(undefined, LIMITED);
    const limitedSubject = { ...subject, ...limits, url: limited.url };
    const kept = { outcome: 'kept', detail: '' } as const;
    expect(await conformance(limitedSubject, ['rate-limit', 'keepalive'])).toEqual([
      { rule: 'rate-limit', ...kept },
      { rule: 'keepalive', ...kept },
    ]);
  },
  CHECK_MS,
);

const FAULTS: readonly (readonly [Fault, RuleName])[] = [
  ['joins-another-room', 'join'],
  ['drops', 'broadcast-complete'],
  ['skips-the-sender', 'broadcast-complete'],
  ['duplicates', 'broadcast-once'],
  ['invents', 'broadcast-once'],
  ['reorders-for-one', 'broadcast-order'],
  ['reorders-for-all', 'broadcast-order'],
  ['leaks-across-rooms', 'room-isolation'],
  ['leaks-to-strangers', 'room-isolation'],
  ['no-pong', 'ping'],
  ['pong-without-id', 'ping'],
  ['ignores-leave', 'leave'],
  ['publishes-for-strangers', 'leave'],
  ['no-limit', 'rate-limit'],
  ['one-limit-for-all', 'rate-limit'],
  ['never-refills', 'rate-limit'],
  ['always-limits', 'rate-limit-off'],
  ['echoes-nothing-when-empty', 'echo-text'],
  ['echoes-nothing-when-empty', 'echo-binary'],
  ['echoes-text-cut', 'echo-text'],
  ['echoes-bytes-as-text', 'echo-binary'],
  ['echoes-bytes-changed', 'echo-binary'],
  ['echoes-to-others', 'echo-match'],
  ['echoes-twice', 'echo-match'],
  ['closes-on-nonsense', 'malformed-message'],
  ['silent-on-nonsense', 'malformed-message'],
  ['ends-take-others-along', 'malformed-frame'],
  ['ends-take-others-along', 'abrupt-end'],
  ['ends-take-others-along', 'close'],
  ['few-connections', 'many-connections'],
  ['keeps-everything', 'slow-reader'],
  ['no-keepalive', 'keepalive'],
  ['cuts-everybody', 'keepalive'],
  ['no-counters', 'counters'],
  ['miscounts', 'counters'],
];

test.each(FAULTS)(
  'a server that %s is caught by name: %s',
  async (fault, rule) => {
    const rate_limit = rule === 'rate-limit' ? RATE_LIMIT : 0;
    const pings = rule === 'keepalive' ? { ping_interval_ms: 100 } : undefined;
    await using server = startFaulty(fault, { rate_limit, ...pings });
    const subject = { ...STANDARD, url: server.url, rate_limit };
    const waits = rule === 'slow-reader' ? {} : { keepalive_ms: SHORT_MS, deadline_ms: SHORT_MS };
    const broken = breachesOf(await conformance({ ...subject, ...waits }, [rule]));
    expect(broken).toHaveLength(1);
    expect(broken[0]).toStartWith(`${rule}: `);
  },
  CHECK_MS,
);

test('every rule has a server that breaks it', () => {
  const covered = new Set(FAULTS.map(([, rule]) => rule));
  expect(Object.keys(RULES).filter((rule) => !covered.has(rule as RuleName))).toEqual([]);
});

test(
  'the server of this project keeps the contract in its own dialect',
  async () => {
    const subject = { ...STANDARD, dialect: hubbub };
    const open = { rate_limit: 0, command_rate_limit: 0 };
    await using plain = serve(open);
    const verdicts = await conformance({ ...subject, url: plain.url });
    expect(breachesOf(verdicts)).toEqual([]);
    const skipped = verdicts.filter(({ outcome }) => outcome === 'not checked');
    expect(skipped.map(({ rule }) => rule)).toEqual([
      'rate-limit',
      ...(['echo-text', 'echo-binary', 'echo-match', 'keepalive', 'counters'] as const),
    ]);
    await using limited = serve({ rate_limit: RATE_LIMIT, rate_burst: RATE_LIMIT });
    const rate = { ...subject, url: limited.url, rate_limit: RATE_LIMIT };
    expect(await conformance(rate, ['rate-limit'])).toMatchObject([{ outcome: 'kept' }]);
    await using pinging = serve({ ping_interval_ms: 1_000, pong_timeout_ms: 1_000 });
    const silent = { ...subject, url: pinging.url, keepalive_ms: KEEPALIVE_MS };
    expect(await conformance(silent, ['keepalive'])).toMatchObject([{ outcome: 'kept' }]);
  },
  CHECK_MS,
);
