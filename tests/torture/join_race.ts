import { Member } from './member.ts';
import { Publisher } from './publisher.ts';

export interface JoinRaceOptions {
  readonly clients: number;
  readonly publishers: number;
  /** Messages a second, all publishers together. */
  readonly rate: number;
  readonly duration_ms: number;
  readonly seed: number;
}

export interface JoinRaceResult {
  readonly violations: readonly string[];
  readonly joins: number;
  readonly recoveries: number;
  readonly refused_recoveries: number;
  readonly deliveries: number;
  readonly published: number;
  readonly acknowledged: number;
  readonly resent: number;
}

const CLOSING_DEADLINE_MS = 30_000;
const VIOLATIONS_KEPT = 20;

/**
 * Members join, leave and join again at random while publishers go on. Each member must see every
 * record from its `joined.offset` on, none twice, none missing; each acknowledged message must reach
 * everybody who stayed exactly once, at the acknowledged offset, in the same order.
 */
export async function runJoinRace(url: string, options: JoinRaceOptions): Promise<JoinRaceResult> {
  const violations: string[] = [];
  const report = (what: string): void => {
    if (violations.length < VIOLATIONS_KEPT) violations.push(what);
  };
  const publishers = Array.from(
    { length: options.publishers },
    (_, index) => new Publisher(url, `p${index}`, report),
  );
  const members = Array.from(
    { length: options.clients },
    (_, index) =>
      new Member(url, index % 4 === 0 ? 'json' : 'ndjson', options.seed + index, report),
  );
  await Promise.all([
    ...publishers.map((one) => one.ready()),
    ...members.map((one) => one.start()),
  ]);

  for (const one of publishers) one.start(options.rate / publishers.length);
  await Bun.sleep(options.duration_ms);
  for (const one of publishers) one.finish();
  for (const one of members) one.settle();
  const all = [...publishers, ...members];
  await until('every publish confirmed', () => publishers.every((one) => one.unanswered === 0));
  await until('every member back', () => members.every((one) => one.isIn));
  for (const one of publishers) one.publish();
  await until('the last publishes confirmed', () =>
    publishers.every((one) => one.unanswered === 0),
  );
  const head = () =>
    Math.max(
      ...publishers.flatMap((one) => [one.chain.offset, one.acknowledged.get(one.lastId) ?? 0]),
    );
  await until('everybody at the head', () => all.every((one) => one.chain.offset === head()));

  checkExactlyOnce(publishers, report);
  for (const one of all) one.close();
  const sum = (read: (member: Member) => number) =>
    members.reduce((total, one) => total + read(one), 0);
  return {
    violations,
    joins: sum((one) => one.chain.joins),
    recoveries: sum((one) => one.chain.recoveries),
    refused_recoveries: sum((one) => one.chain.refused_recoveries),
    deliveries:
      sum((one) => one.chain.seen) + publishers.reduce((n, one) => n + one.received.length, 0),
    published: publishers.reduce((n, one) => n + one.sent, 0),
    acknowledged: publishers.reduce((n, one) => n + one.acknowledged.size, 0),
    resent: publishers.reduce((n, one) => n + one.resent, 0),
  };
}

/** Publishers joined before the first message: what one of them received is all there was. */
function checkExactlyOnce(publishers: readonly Publisher[], report: (what: string) => void): void {
  const [first, ...others] = publishers.map((one) => one.received);
  if (first === undefined) return;
  const offsets = new Map(first.map(({ id, offset }) => [id, offset]));
  if (offsets.size !== first.length) report(`${first.length - offsets.size} messages came twice`);
  const order = JSON.stringify(first);
  if (others.some((one) => JSON.stringify(one) !== order)) report('two publishers saw two orders');
  for (const { acknowledged } of publishers) {
    for (const [id, offset] of acknowledged) {
      if (offsets.get(id) !== offset)
        report(`${id} was acknowledged at ${offset}, seen at ${offsets.get(id)}`);
    }
  }
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline_ms = performance.now() + CLOSING_DEADLINE_MS;
  while (!holds()) {
    if (performance.now() > deadline_ms) throw new Error(`not in time: ${what}`);
    await Bun.sleep(10);
  }
}
