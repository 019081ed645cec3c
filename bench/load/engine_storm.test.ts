import { expect, test } from 'bun:test';
import { crowdStarter } from './crowd_fixture.ts';
import { Histogram } from './histogram.ts';
import { describeNative } from './native_suite.ts';
import { NO_FAULT } from './no_fault.ts';

const startCrowd = crowdStarter();

const MEMBERS = 40;
const MESSAGES = 50;
const TRAFFIC = { rate: 200, senders: 2, payload_bytes: 128, warmup_ms: 0, duration_ms: 250 };

const deliveriesTo = (members: number) => {
  const deliveries = MESSAGES * members;
  return { sent: MESSAGES, deliveries, expected_deliveries: deliveries };
};

describeNative('a storm', () => {
  test('cuts everybody at once, and brings everybody back', async () => {
    const { engine, server } = await startCrowd(MEMBERS, 2);
    const { recovery_us, elapsed_ms, ...report } = await engine.storm({ timeout_ms: 10_000 });
    expect(report).toEqual({ members: MEMBERS, failed: 0 });
    expect(server.joined).toHaveLength(2 * MEMBERS);
    expect(server.close_codes).toEqual(Array.from({ length: MEMBERS }, () => 1006));
    const recovery = Histogram.of([recovery_us]);
    expect(recovery.count).toBe(MEMBERS);
    expect(recovery.max).toBeLessThanOrEqual(elapsed_ms * 1_000);
    // Two rooms of half the members each.
    const traffic = await engine.run(TRAFFIC);
    expect(traffic).toMatchObject({ ...NO_FAULT, ...deliveriesTo(MEMBERS / 2) });
  });

  test('spreads the reconnects over a ramp, and none waits for another', async () => {
    const { engine, server } = await startCrowd(MEMBERS, 1);
    const report = await engine.storm({ ramp_ms: 400, timeout_ms: 10_000 });
    expect(report).toMatchObject({ members: MEMBERS, failed: 0 });
    const times_ms = server.join_times_ms.slice(MEMBERS);
    expect((times_ms.at(-1) ?? 0) - (times_ms[0] ?? 0)).toBeGreaterThan(300);
    expect(report.elapsed_ms).toBeGreaterThan(380);
    expect(Histogram.of([report.recovery_us]).percentile(50)).toBeLessThan(200_000);
  });

  test('tells who was refused, and the rest goes on without them', async () => {
    const refuses = (nth: number): boolean => nth >= MEMBERS && nth < 2 * MEMBERS && nth % 10 === 0;
    const { engine } = await startCrowd(MEMBERS, 1, { refuses });
    const report = await engine.storm({ timeout_ms: 10_000 });
    expect(report).toMatchObject({ members: MEMBERS - 4, failed: 4 });
    expect(report.failure).toContain('503');
    const traffic = await engine.run(TRAFFIC);
    expect(traffic).toMatchObject({ ...NO_FAULT, ...deliveriesTo(MEMBERS - 4) });
    // The next one has them try again.
    const next = await engine.storm({ timeout_ms: 10_000 });
    expect(next).toMatchObject({ members: MEMBERS, failed: 0 });
    const whole = await engine.run(TRAFFIC);
    expect(whole).toMatchObject({ ...NO_FAULT, ...deliveriesTo(MEMBERS) });
  });

  test('ends in time when the server does not answer', async () => {
    const { engine } = await startCrowd(MEMBERS, 1, { ignores: (nth) => nth >= MEMBERS + 30 });
    const report = await engine.storm({ timeout_ms: 1_000 });
    expect(report).toMatchObject({ members: 30, failed: 10, failure: 'out of time' });
    expect(report.elapsed_ms).toBeGreaterThanOrEqual(1_000);
  });

  test('takes a crowd and a time', async () => {
    const { engine } = await startCrowd(1, 1);
    await expect(engine.storm({ ramp_ms: 5, timeout_ms: 5 })).rejects.toThrow('timeout_ms');
    await engine.disconnect();
    await expect(engine.storm({ timeout_ms: 5 })).rejects.toThrow('no crowd');
  });
});
