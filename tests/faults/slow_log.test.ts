import { expect, test } from 'bun:test';
import { SimulatedLog } from '../../server/log/simulated.ts';
import { gentle } from '../../server/log/simulated_options.ts';
import { eventually } from '../support/eventually.ts';
import { holdLog } from '../support/held_log.ts';
import { RawSocket } from '../support/raw_socket.ts';
import { countersOf, serve, totalsOf } from '../support/serve.ts';
import type { TestServer } from '../support/server.ts';

const IN_FLIGHT_MAX = 8;
/** What a connection may have in flight in all: what was read before reading stopped still counts. */
const BACKLOG_MAX = 2 * IN_FLIGHT_MAX;
const LIMITS = { publishes_in_flight_max: IN_FLIGHT_MAX, rate_limit: 0, command_rate_limit: 0 };
const QUEUE_MAX = 10_000;

const publishes = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ type: 'message', text: `text ${n}`, id: `m${n}` }));

test('row 23: from a publisher ahead of the log nothing more is read until the log has caught up', async () => {
  const log = holdLog(QUEUE_MAX);
  await using server = serve(LIMITS, log.connect);
  using member = await RawSocket.join(server.port, 'lobby');
  using publisher = await RawSocket.join(server.port, 'lobby');
  publisher.send(...publishes(IN_FLIGHT_MAX));
  await eventually('all are in flight', () => inFlight(server) === IN_FLIGHT_MAX);
  const { frames_received } = countersOf(server.stats());
  publisher.send({ type: 'ping' });
  for (let turn = 1; turn <= 20; turn += 1) {
    await member.roundTrip();
    expect(countersOf(server.stats()).frames_received).toBe(frames_received + turn);
  }
  log.release();
  await publisher.receive('pong');
  for (const { id, text } of publishes(IN_FLIGHT_MAX)) {
    expect(await publisher.receive('ack')).toMatchObject({ id });
    expect(await member.receive('message')).toMatchObject({ id, text });
  }
  expect(inFlight(server)).toBe(0);
});

test('row 23: one who goes on is rate limited, then 4429, and the others see no gap', async () => {
  const log = holdLog(QUEUE_MAX);
  await using server = serve(LIMITS, log.connect);
  using member = await RawSocket.join(server.port, 'lobby');
  using publisher = await RawSocket.join(server.port, 'lobby');
  publisher.send(...publishes(1_000));
  expect((await publisher.ended()).code).toBe(4429);
  expect(inFlight(server)).toBe(BACKLOG_MAX);
  const errors = publisher.takeAll().filter((answer) => answer.type === 'error');
  expect(errors.length).toBeGreaterThanOrEqual(100);
  expect(errors.length).toBeLessThan(200);
  for (const [n, error] of errors.entries()) {
    expect(error).toMatchObject({ code: 'rate_limited', id: `m${BACKLOG_MAX + n}` });
    expect(error.retry_after_ms).toBeGreaterThan(0);
  }
  await member.roundTrip();
  log.release();
  for (const { id } of publishes(BACKLOG_MAX)) {
    const message = await member.receive('message');
    expect(message).toMatchObject({ id });
    expect(message.prev).toBeUndefined();
  }
  expect(inFlight(server)).toBe(0);
  expect(countersOf(server.stats()).handler_failures).toBe(0);
});

test('row 23: many publishers ahead of the log are each bounded, and readers are served', async () => {
  const log = holdLog(QUEUE_MAX);
  await using server = serve(LIMITS, log.connect);
  using reader = await RawSocket.join(server.port, 'elsewhere');
  const publishers = await Promise.all(
    Array.from({ length: 20 }, () => RawSocket.join(server.port, 'lobby')),
  );
  for (const publisher of publishers) publisher.send(...publishes(BACKLOG_MAX + 10));
  await eventually('all have been read', () => {
    return countersOf(server.stats()).rate_limited === 20 * 10;
  });
  expect(inFlight(server)).toBe(20 * BACKLOG_MAX);
  await reader.roundTrip();
  reader.send({ type: 'history', room: 'elsewhere' });
  expect((await reader.receive('history')).messages).toEqual([]);
  using late = await RawSocket.join(server.port, 'lobby');
  log.release();
  await Promise.all([late.roundTrip(), ...publishers.map((publisher) => publisher.roundTrip())]);
  expect(inFlight(server)).toBe(0);
  for (const publisher of publishers) publisher[Symbol.dispose]();
});

test('row 23: with a slow log, whoever repeats what was refused loses and doubles nothing', async () => {
  const slow = { ...gentle, seed: 23, delay_ms_min: 5, delay_ms_max: 15, duplicate_probability: 0 };
  await using server = serve(LIMITS, (sink) => new SimulatedLog(sink, slow));
  using member = await RawSocket.join(server.port, 'lobby');
  using publisher = await RawSocket.join(server.port, 'lobby');
  const all = publishes(200);
  const unanswered = new Map(all.map((publish) => [publish.id, publish]));
  while (unanswered.size > 0) {
    const batch = [...unanswered.values()].slice(0, BACKLOG_MAX + 4);
    publisher.send(...batch);
    for (const _ of batch) {
      const answer = await publisher.receive('ack', 'error');
      if (answer.type === 'ack') unanswered.delete(answer.id);
      expect(inFlight(server)).toBeLessThanOrEqual(BACKLOG_MAX);
    }
  }
  const delivered: (string | undefined)[] = [];
  while (delivered.length < all.length) delivered.push((await member.receive('message')).id);
  await member.roundTrip();
  expect(member.takeAll().filter(({ type }) => type === 'message')).toEqual([]);
  expect(delivered.toSorted()).toEqual(all.map(({ id }) => id).toSorted());
});

const inFlight = (server: TestServer): number => totalsOf(server.stats()).publishes_in_flight;
