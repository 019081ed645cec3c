import { afterEach, expect, setSystemTime, test } from 'bun:test';
import fc from 'fast-check';
import { TokenBucket } from '../../server/session/token_bucket.ts';
import { eventually } from '../support/eventually.ts';
import { holdLog } from '../support/held_log.ts';
import { RawSocket } from '../support/raw_socket.ts';
import { countersOf, serve, totalsOf } from '../support/serve.ts';

// On a busy machine these take longer than Bun gives a test by itself.
const HOUR_MS = 3_600_000;
/** How the wall clock jumps while a server runs. */
const JUMPS_MS = { 'an hour back': -HOUR_MS, 'a day ahead': 24 * HOUR_MS, 'to 1970': -Date.now() };

afterEach(() => {
  setSystemTime();
});

test('row 34: a token bucket fed with a clock that jumps never gives more than its rate', () => {
  const steps = fc.array(
    fc.oneof(
      { weight: 8, arbitrary: fc.nat(400) },
      { weight: 1, arbitrary: fc.integer({ min: -HOUR_MS, max: -1 }) },
    ),
    { maxLength: 200 },
  );
  const property = fc.property(
    fc.nat(50),
    fc.integer({ min: 1, max: 20 }),
    steps,
    (rate, burst, all) => {
      const bucket = new TokenBucket(rate, burst, 0);
      let now_ms = 0;
      let latest_ms = 0;
      let taken = 0;
      for (const step_ms of all) {
        now_ms += step_ms;
        latest_ms = Math.max(latest_ms, now_ms);
        const wait_ms = bucket.take(now_ms);
        if (rate === 0) {
          expect(wait_ms).toBe(0);
          continue;
        }
        if (wait_ms === 0) taken += 1;
        expect(wait_ms).toBeGreaterThanOrEqual(0);
        expect(wait_ms).toBeLessThanOrEqual(Math.ceil(1_000 / rate));
        expect(taken).toBeLessThanOrEqual(burst + (latest_ms * rate) / 1_000 + 1e-6);
      }
      if (rate > 0) expect(bucket.take(latest_ms + 1_000 / rate + 1)).toBe(0);
    },
  );
  fc.assert(property, { numRuns: 1_000 });
});

for (const [name, jump_ms] of Object.entries(JUMPS_MS)) {
  test(`row 34: a wall clock that jumps ${name} neither opens nor shuts the rate limit`, async () => {
    await using server = serve({ rate_limit: 20, rate_burst: 5 });
    using peer = await RawSocket.join(server.port, 'lobby');
    const publish = { type: 'message', text: 'x', id: 'm' };
    const start_ms = performance.now();
    const countAcks = async (attempts: number) => {
      peer.send(
        ...Array.from({ length: attempts }, (_, n) => ({
          ...publish,
          id: `${n} ${performance.now()}`,
        })),
      );
      let acks = 0;
      for (let n = 0; n < attempts; n += 1)
        acks += (await peer.receive('ack', 'error')).type === 'ack' ? 1 : 0;
      return acks;
    };
    const before = await countAcks(20);
    setSystemTime(Date.now() + jump_ms);
    const after = await countAcks(20);
    const elapsed_s = (performance.now() - start_ms) / 1_000;
    expect(before).toBeGreaterThanOrEqual(5);
    expect(before + after).toBeLessThanOrEqual(5 + elapsed_s * 20);
    peer.send(publish);
    for (let answer = await peer.receive('ack', 'error'); answer.type === 'error'; ) {
      expect(answer.retry_after_ms).toBeLessThanOrEqual(50);
      await Bun.sleep(answer.retry_after_ms ?? 0);
      peer.send(publish);
      answer = await peer.receive('ack', 'error');
    }
  });
}

test('row 34: keepalive, deadlines and idle rooms do not follow a wall clock that jumps', async () => {
  const log = holdLog(10);
  const limits = { ping_interval_ms: 1_000, pong_timeout_ms: 1_000, room_idle_ms_max: 60_000 };
  await using server = serve({ ...limits, publish_timeout_ms: 60_000 }, log.connect);
  using peer = await RawSocket.join(server.port, 'lobby');
  peer.answerPings();
  using silent = await RawSocket.join(server.port, 'left behind');
  peer.send({ type: 'message', room: 'lobby', text: 'held', id: 'm1' });
  await eventually('it is in flight', () => totalsOf(server.stats()).publishes_in_flight === 1);
  const jumps_ms = Object.values(JUMPS_MS);
  for (let pings = 0; pings < 3; pings += 1) {
    await peer.receivePing();
    setSystemTime(Date.now() + (jumps_ms[pings] ?? 0));
  }
  await silent.ended();
  expect(countersOf(server.stats()).closed).toEqual({ keepalive: 1 });
  expect(totalsOf(server.stats())).toMatchObject({ publishes_in_flight: 1, hub: { rooms: 2 } });
  log.release();
  expect(await peer.receive('ack')).toMatchObject({ id: 'm1', offset: 1 });
});

test('row 34: order and recovery hold while timestamps go backwards', async () => {
  await using server = serve({ rate_limit: 0, history_age_ms_max: HOUR_MS });
  using peer = await RawSocket.upgrade(server.port);
  peer.send({ type: 'join' });
  const { epoch } = await peer.receive('joined');
  const timestamps: number[] = [];
  for (let offset = 1; offset <= 20; offset += 1) {
    setSystemTime(1_800_000_000_000 - offset * 60_000);
    peer.send({ type: 'message', text: `text ${offset}` });
    const message = await peer.receive('message');
    expect(message).toMatchObject({ offset, text: `text ${offset}` });
    timestamps.push(message.timestamp);
  }
  expect(timestamps).toEqual(timestamps.toSorted((a, b) => b - a));
  peer.send({ type: 'join', since: { epoch, offset: 5 } });
  const joined = await peer.receive('joined');
  expect(joined.recovered).toBe(true);
  expect(joined.messages?.map(({ offset }) => offset)).toEqual(
    Array.from({ length: 15 }, (_, n) => n + 6),
  );
});
