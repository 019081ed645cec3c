import { expect, test } from 'bun:test';
import { crowdStarter } from './crowd_fixture.ts';
import { Histogram } from './histogram.ts';
import { describeNative } from './native_suite.ts';
import { NO_FAULT } from './no_fault.ts';

const startCrowd = crowdStarter();

const MEMBERS = 4;
const TRAFFIC = { rate: 200, senders: 2, payload_bytes: 128, warmup_ms: 400, duration_ms: 400 };
const CHURN = { comers: 4, comer_pause_ms: 50 };
const SENT = 160;
/** Two rooms of two. */
const WHOLE = { ...NO_FAULT, sent: SENT, expected_deliveries: 2 * SENT, deliveries: 2 * SENT };

/** Said instead of the answer to a join, from the nth on. */
const errorFor =
  (first: number) =>
  (nth: number): string | undefined =>
    nth < first ? undefined : '{"type":"error","code":"room_full"}';

describeNative('comers', () => {
  test('come and go beside the crowd, and the crowd has nothing to do with it', async () => {
    const { engine, server } = await startCrowd(MEMBERS, 2);
    const { churn, ...report } = await engine.run({ ...TRAFFIC, ...CHURN });
    expect(report).toMatchObject(WHOLE);
    expect(churn).toMatchObject({ failed: 0 });
    const { cycles = 0, recovery_us } = churn ?? {};
    // Begun at most every 50 ms, and only those of the window count.
    const rounds_max = CHURN.comers * (TRAFFIC.duration_ms / CHURN.comer_pause_ms + 1);
    expect(cycles).toBeGreaterThan(0);
    expect(cycles).toBeLessThanOrEqual(rounds_max);
    expect(server.joined.length - MEMBERS).toBeLessThanOrEqual(2 * rounds_max);
    expect(server.joined.length - MEMBERS).toBeGreaterThan(cycles);
    expect(Histogram.of(recovery_us === undefined ? [] : [recovery_us]).count).toBe(cycles);
    // Those who said goodbye, those who did not, and nobody else: the crowd is still there.
    expect(new Set(server.close_codes)).toEqual(new Set([1000, 1006]));
  });

  test('wait for no message in a room where nobody speaks', async () => {
    const { engine, server } = await startCrowd(MEMBERS, 2);
    const { churn } = await engine.run({ ...TRAFFIC, ...CHURN, senders: 1, comers: 2 });
    expect(churn).toMatchObject({ failed: 0 });
    const visited = server.join_rooms.slice(MEMBERS);
    expect(visited.filter((room) => room === 'bench-1').length).toBeGreaterThan(1);
  });

  test('are gone when the window closes: the same crowd runs on without them', async () => {
    const { engine, server } = await startCrowd(MEMBERS, 2);
    await engine.run({ ...TRAFFIC, ...CHURN });
    const { length } = server.joined;
    const report = await engine.run(TRAFFIC);
    expect(report).toMatchObject(WHOLE);
    expect(report.churn).toBeUndefined();
    expect(server.joined).toHaveLength(length);
    expect(server.close_codes).toHaveLength(length - MEMBERS);
  });

  test('who are refused, or left without an answer or a message, are counted with the reason', async () => {
    const faults = [
      [{ refuses: (nth: number) => nth >= MEMBERS && nth % 3 === 0 }, '503', 400],
      [{ greeting: errorFor(MEMBERS) }, 'room_full', 400],
      [{ expels: (nth: number) => nth >= MEMBERS }, 'closed after the join', 400],
      [{ ignores: (nth: number) => nth >= MEMBERS }, 'out of time', 6_000],
      [{ forgets: (nth: number) => nth >= MEMBERS }, 'no message', 6_000],
    ] as const;
    await Promise.all(
      faults.map(async ([fault, reason, duration_ms]) => {
        // An error instead of an answer, not behind it.
        const silent = 'greeting' in fault ? { ignores: (nth: number) => nth >= MEMBERS } : {};
        const { engine } = await startCrowd(MEMBERS, 2, { ...silent, ...fault });
        const { churn, lost } = await engine.run({
          ...TRAFFIC,
          ...CHURN,
          rate: 50,
          warmup_ms: 0,
          duration_ms,
        });
        expect(lost).toBe(0);
        expect(churn?.failed).toBeGreaterThan(0);
        expect(churn?.failure).toContain(reason);
      }),
    );
  }, 30_000);

  test('who hear of another room show that it leaks', async () => {
    const leak = (nth: number): string | undefined =>
      nth < MEMBERS ? undefined : JSON.stringify({ type: 'message', room: 'r', text: '0:0:0:' });
    const { engine } = await startCrowd(MEMBERS, 2, { greeting: leak });
    const { churn, foreign, ...report } = await engine.run({ ...TRAFFIC, ...CHURN });
    expect(report).toMatchObject({ lost: 0, deliveries: 2 * SENT });
    expect(foreign).toBeGreaterThanOrEqual(churn?.cycles ?? 0);
    expect(foreign).toBeGreaterThan(0);
  });
});
