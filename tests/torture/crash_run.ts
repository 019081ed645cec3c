import { Random } from '../../server/log/random.ts';
import { CrashMember, CutWebSocket } from './crash_member.ts';

export interface CrashOptions {
  readonly clients: number;
  readonly rooms: number;
  /** Messages a second, all clients together. */
  readonly rate: number;
  readonly duration_ms: number;
  /** How often the server is killed, and started again, in that time. */
  readonly kills: number;
  readonly seed: number;
}

export interface CrashResult {
  readonly violations: readonly string[];
  readonly kills: number;
  readonly cuts: number;
  readonly sent: number;
  readonly acknowledged: number;
  /** Acknowledged after they had been sent again, and had arrived the first time. */
  readonly duplicates_recognised: number;
  readonly deliveries: number;
  readonly replays: number;
  readonly replay_p50_ms: number;
  readonly replay_p99_ms: number;
  readonly replay_max_ms: number;
}

const CUT_INTERVAL_MS = 100;
/** Of all connections, each time. */
const CUT_SHARE = 0.02;
/** Between two kills, half of the connections go at once, as if a worker had lost all of its own. */
const MASS_CUT_SHARE = 0.5;
const CLOSING_DEADLINE_MS = 60_000;
const VIOLATIONS_KEPT = 20;

/**
 * Members of some rooms talk while their connections are cut and the server is killed. Every message
 * that was acknowledged has to reach every member of its room exactly once, at the acknowledged offset,
 * and all of them have to see the same order.
 * @param crash kills the server and starts it again at the same address
 */
export async function runCrashes(
  url: string,
  crash: () => Promise<void>,
  options: CrashOptions,
): Promise<CrashResult> {
  const { clients, rooms, rate, duration_ms, kills, seed } = options;
  const random = new Random(seed);
  const violations: string[] = [];
  const report = (what: string): void => {
    if (violations.length < VIOLATIONS_KEPT) violations.push(what);
  };
  const members = Array.from(
    { length: clients },
    (_, index) => new CrashMember(url, index, `room ${index % rooms}`, report),
  );
  await Promise.all(members.map((member) => member.arrive()));
  for (const member of members) member.start((1_000 * clients) / rate, random);
  let cuts = 0;
  const cutter = setInterval(() => {
    cuts += CutWebSocket.cut(random, CUT_SHARE);
  }, CUT_INTERVAL_MS);
  const pause_ms = duration_ms / (kills + 1) / 2;
  await Bun.sleep(pause_ms);
  for (let kill = 0; kill < kills; kill += 1) {
    await crash();
    await Bun.sleep(pause_ms);
    cuts += CutWebSocket.cut(random, MASS_CUT_SHARE);
    await Bun.sleep(pause_ms);
  }
  await Bun.sleep(pause_ms);
  clearInterval(cutter);
  for (const member of members) member.finish();
  await until('every message acknowledged', () => members.every((one) => one.unanswered === 0));
  const byRoom = Map.groupBy(members, (member) => member.room);
  const isComplete = (all: readonly CrashMember[]): boolean => {
    const head = Math.max(...all.flatMap((one) => one.acknowledged.map(({ offset }) => offset)), 0);
    return all.every((one) => (one.seen.at(-1)?.offset ?? 0) >= head);
  };
  await until('everybody at the head', () => [...byRoom.values()].every(isComplete)).catch(
    (error: Error) => report(error.message),
  );
  for (const all of byRoom.values()) checkRoom(all, report);
  for (const member of members) member.close();
  return { violations, kills, cuts, ...figuresOf(members) };
}

function checkRoom(members: readonly CrashMember[], report: (what: string) => void): void {
  const [first] = members;
  if (first === undefined) return;
  const order = JSON.stringify(first.seen);
  for (const [index, { seen }] of members.entries()) {
    if (JSON.stringify(seen) === order) continue;
    report(`${first.room}: member ${index} saw ${seen.length}, the first one ${first.seen.length}`);
  }
  const offsets = new Map(first.seen.map(({ offset, text }) => [text, offset]));
  if (offsets.size !== first.seen.length) {
    report(`${first.room}: ${first.seen.length - offsets.size} messages came twice`);
  }
  for (const { offset, text } of members.flatMap(({ acknowledged }) => acknowledged)) {
    if (offsets.get(text) !== offset) {
      report(`${text} was acknowledged at ${offset}, seen at ${offsets.get(text) ?? 'no place'}`);
    }
  }
}

function figuresOf(members: readonly CrashMember[]) {
  const replays = members.flatMap(({ replay_ms }) => replay_ms).sort((a, b) => a - b);
  const quantile = (q: number): number =>
    Math.round(replays[Math.min(replays.length - 1, Math.floor(replays.length * q))] ?? 0);
  const sum = (read: (member: CrashMember) => number): number =>
    members.reduce((total, member) => total + read(member), 0);
  return {
    sent: sum((one) => one.sent),
    acknowledged: sum((one) => one.acknowledged.length),
    duplicates_recognised: sum(
      (one) => one.acknowledged.filter(({ isDuplicate }) => isDuplicate).length,
    ),
    deliveries: sum((one) => one.seen.length),
    replays: replays.length,
    replay_p50_ms: quantile(0.5),
    replay_p99_ms: quantile(0.99),
    replay_max_ms: quantile(1),
  };
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline_ms = performance.now() + CLOSING_DEADLINE_MS;
  while (!holds()) {
    if (performance.now() > deadline_ms) throw new Error(`not in time: ${what}`);
    await Bun.sleep(10);
  }
}
