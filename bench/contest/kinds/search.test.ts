import { expect, test } from 'bun:test';
import fc from 'fast-check';
import type { NativeLoadEngine, NativeTrafficPlan } from '../../load/engine.ts';
import { Histogram } from '../../load/histogram.ts';
import type { TrafficReport } from '../../load/port.ts';
import { RunClock } from '../../report/validity.ts';
import { rungsOf } from '../plan.ts';
import { checkedPlan } from '../plans.ts';
import type { Stage } from '../stage.ts';
import { search } from './search.ts';

const CLIENTS = 100;
const PLAN = checkedPlan({ name: 'mine', summary: '', kind: 'search', senders: 10, rate: 100 });

const histogramOf = (value_us: number) => {
  const histogram = new Histogram();
  histogram.record(value_us);
  return histogram.snapshot();
};

const JOINED = {
  ...{ joined: CLIENTS, failed: 0, elapsed_ms: 1 },
  ...{ connect_us: histogramOf(1), first_message_us: histogramOf(1), join_us: histogramOf(1) },
};

/** What a server that bears so many messages a second makes of a rate. */
function reportOf({ rate, duration_ms }: NativeTrafficPlan, capacity: number): TrafficReport {
  const sent = Math.round((rate * duration_ms) / 1_000);
  const deliveries = Math.round(Math.min(rate, capacity) * (duration_ms / 1_000)) * CLIENTS;
  return {
    ...{ lost: 0, duplicated: 0, reordered: 0, foreign: 0, gaps: 0, orders: 1, disconnected: 0 },
    ...{ planned: sent, sent, expected_deliveries: sent * CLIENTS, deliveries, errors: {} },
    elapsed_ms: duration_ms,
    window: {
      ...{ elapsed_ms: duration_ms, deliveries, frames: deliveries, bytes: deliveries * 220 },
      ...{ client_cpu_ms: 1, client_waited_ms: 0 },
    },
    // Whatever waits for a server that is behind waits longer and longer.
    latency_us: histogramOf(rate <= capacity ? 2_000 : 900_000),
    send_lag_us: histogramOf(1),
  };
}

function stageWith(capacity: number, sustained_before: number | undefined) {
  const tried: number[] = [];
  const engine = {
    connect: () => Promise.resolve(JOINED),
    run: (traffic: NativeTrafficPlan) => {
      tried.push(traffic.rate);
      return Promise.resolve(reportOf(traffic, capacity));
    },
  } as unknown as NativeLoadEngine;
  const [rung] = rungsOf(PLAN);
  if (rung === undefined) throw new Error('a plan has a size');
  const server = { pid: undefined, chat: { hostname: '', port: 0, path: '' }, encoding: 'json' };
  const clock = new RunClock();
  const stage = { plan: PLAN, rung, server, engine, clock, sustained_before } as unknown as Stage;
  return { tried, stage };
}

test('finds what a server sustains, and never says more, wherever it begins', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 10, max: 200_000 }),
      fc.option(fc.double({ min: 0.2, max: 5, noNaN: true }), { nil: undefined }),
      async (capacity, hint) => {
        const before = hint === undefined ? undefined : capacity * CLIENTS * hint;
        const { stage, tried } = stageWith(capacity, before);
        const { figures, trials = [], faults } = await search(stage);
        expect(faults).toEqual([]);
        const found = (figures.sustained_per_s ?? 0) / CLIENTS;
        expect(found).toBeLessThanOrEqual(capacity * 1.02 + 1);
        expect(found).toBeGreaterThanOrEqual(capacity / 1.07 - 1);
        expect(trials).toHaveLength(tried.length);
        expect(tried.length).toBeLessThan(60);
      },
    ),
    { numRuns: 200 },
  );
});

test('a server that sustains nothing is told so', async () => {
  const { figures, faults } = await search(stageWith(0, undefined).stage);
  expect(figures.sustained_per_s).toBeUndefined();
  expect(faults).toContain('sustains no rate that was tried');
});

test('one bad second is asked again', async () => {
  const { stage } = stageWith(10_000, undefined);
  const run = stage.engine.run.bind(stage.engine);
  let calls = 0;
  const engine = {
    ...stage.engine,
    run: async (traffic: NativeTrafficPlan) => {
      calls += 1;
      const report = await run(traffic);
      return calls === 2 ? { ...report, latency_us: histogramOf(400_000) } : report;
    },
  } as unknown as NativeLoadEngine;
  const { figures } = await search({ ...stage, engine });
  expect((figures.sustained_per_s ?? 0) / CLIENTS).toBeGreaterThan(9_300);
});

test('where the client is the limit, what it could show is a lower bound', async () => {
  const { stage } = stageWith(100_000, undefined);
  const run = stage.engine.run.bind(stage.engine);
  const engine = {
    ...stage.engine,
    run: async (traffic: NativeTrafficPlan) => {
      const report = await run(traffic);
      const client_cpu_ms = report.window.elapsed_ms * Math.min(1, traffic.rate / 25_000);
      return { ...report, window: { ...report.window, client_cpu_ms } };
    },
  } as unknown as NativeLoadEngine;
  const { figures, sustains_more, void_reasons } = await search({ ...stage, engine });
  expect({ sustains_more, void_reasons }).toEqual({ sustains_more: true, void_reasons: [] });
  const found = (figures.sustained_per_s ?? 0) / CLIENTS;
  expect(found).toBeLessThan(20_000);
  expect(found).toBeGreaterThan(18_500);
});
