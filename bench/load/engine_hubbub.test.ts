import { afterEach, expect, test } from 'bun:test';
import { hubbub, startServer } from '../process/server.ts';
import { describeNative, startNative } from './native_suite.ts';
import { NO_FAULT } from './no_fault.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean();
});

const MEMBERS = 20;
const MESSAGES = 100;
const TRAFFIC = { rate: 200, senders: 4, payload_bytes: 128, warmup_ms: 0, duration_ms: 500 };
const STALLED = 4;

describeNative('against Hubbub', () => {
  test('churn, stalled members and a storm leave the account in order', async () => {
    const flags = ['--rate-limit', '0'];
    const plan = hubbub({ encoding: 'ndjson', hub: 'script', workers: 1, cpus: [0], flags });
    const server = await startServer(plan);
    const engine = startNative();
    cleanups.push(
      () => engine.stop(),
      () => server.stop(),
    );
    const subprotocol = 'hubbub.v1.ndjson';
    const target = { hostname: '127.0.0.1', port: server.port, path: '/ws', subprotocol };
    const crowd = { target, members: MEMBERS, rooms: 2, timeout_ms: 10_000 };
    expect(await engine.connect(crowd)).toMatchObject({ joined: MEMBERS, failed: 0 });
    const disturbance = { comers: 4, comer_pause_ms: 50, stalled: STALLED };
    const { churn, stalled, ...report } = await engine.run({ ...TRAFFIC, ...disturbance });
    const disturbed = (MESSAGES * (MEMBERS - STALLED)) / 2;
    expect(report).toMatchObject({ ...NO_FAULT, sent: MESSAGES, deliveries: disturbed });
    expect(churn).toMatchObject({ failed: 0 });
    expect(churn?.cycles).toBeGreaterThan(0);
    expect(stalled).toMatchObject({ members: STALLED, closed: 0, rejoined: STALLED });
    const storm = await engine.storm({ timeout_ms: 10_000 });
    expect(storm).toMatchObject({ members: MEMBERS, failed: 0 });
    const deliveries = (MESSAGES * MEMBERS) / 2;
    expect(await engine.run(TRAFFIC)).toMatchObject({ ...NO_FAULT, deliveries });
  });
});
