/** What every server under test keeps to, by the name under which a breach is reported. */
export const RULES = {
  join: 'a join is answered with `joined`, which names the room',
  'broadcast-complete': 'every member receives every message of the room, the sender included',
  'broadcast-once': 'nobody receives a message twice, or one that nobody sent',
  'broadcast-order': 'all members see one order, and in it each sender keeps their own',
  'room-isolation': 'nothing said in a room reaches those who are not in it',
  ping: 'a `ping` is answered with a `pong` that carries its id',
  leave:
    'a leave is answered with `left`; nothing of the room follows, and nothing can be said there',
  'rate-limit':
    'with a limit of n/s, n messages pass at once, more are `rate_limited`, then it refills',
  'rate-limit-off': 'without a limit, any number of messages passes',
  'echo-text': 'the echo path returns text as it came, empty and large as well',
  'echo-binary': 'the echo path returns bytes as they came, empty and large as well',
  'echo-match': 'of many echoes under way, each comes back once, whole, to the client that sent it',
  'malformed-message':
    'a message that makes no sense is answered with an error and costs nothing else',
  'malformed-frame': 'bytes that are not WebSocket end their connection, and no other',
  'many-connections': 'many clients may connect at once, and all of them are members',
  'slow-reader': 'who does not read delays nobody, and what waits for them is bounded',
  keepalive: 'who answers no ping is cut; who does, stays',
  'abrupt-end': 'connections that vanish are noticed and take nothing with them',
  close: 'a Close frame is answered with one of the same code, then the connection ends',
  counters: 'the counters endpoint tells what has happened',
} as const;

export type RuleName = keyof typeof RULES;

/** A rule that a server does not keep, and how that was seen. */
export class Breach extends Error {
  override readonly name = 'Breach';
  readonly rule: RuleName;

  constructor(rule: RuleName, seen: string, options?: ErrorOptions) {
    super(seen, options);
    this.rule = rule;
  }
}

/** @throws Breach unless it is so */
export function must(rule: RuleName, isSo: boolean, otherwise: () => string): void {
  if (!isSo) throw new Breach(rule, otherwise());
}
