import { describe, expect, test } from 'bun:test';
import { parseOptions, UsageError } from '../command/options.ts';
import { Histogram } from '../load/histogram.ts';
import type { Case } from './case.ts';
import { httpCommand } from './command.ts';
import type { HttpValues } from './options.ts';
import { Requester } from './remote.ts';
import { type RequestPlan, type RequestReport, recordCorrected } from './requests.ts';

const RUN_MS = 60_000;
const REQUESTS = { connections: 2, rate: 100, warmup_s: 0, duration_s: 2 };

async function requestsFor(plan: RequestPlan): Promise<RequestReport> {
  await using requester = await Requester.start(0);
  return await requester.make(plan);
}

const asked = (more: Partial<HttpValues>): HttpValues => ({
  ...parseOptions(httpCommand.options, []),
  hub: 'script',
  warmup: 0,
  duration: 1,
  rate: 100,
  members: 10,
  senders: 2,
  deliveries: 500,
  ...more,
});

/** Serves for the length of a test. */
const answering = (answer: (nth: number) => Response) => {
  let count = 0;
  const fetch = (): Response => {
    count += 1;
    return answer(count);
  };
  const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch });
  const url = `http://127.0.0.1:${server.port}/`;
  return { url, [Symbol.asyncDispose]: () => server.stop(true) };
};

describe('bench http', () => {
  test(
    'every endpoint answers, idle and beside chat traffic, and a peer with its counters',
    async () => {
      const { tables, data } = await httpCommand.run(
        asked({ peers: ['bun-bare'], states: ['idle', 'traffic'] }),
        () => undefined,
      );
      const rows = tables[0] ?? [];
      const named = rows.map(({ server, path, state }) => `${server} ${path} ${state}`);
      const paths = ['/healthz', '/stats', '/metrics', '/'];
      expect(named).toEqual([
        ...['idle', 'traffic'].flatMap((state) => paths.map((path) => `hubbub ${path} ${state}`)),
        ...['idle', 'traffic'].map((state) => `bun-bare /stats ${state}`),
      ]);
      for (const row of rows) expect(row).toMatchObject({ errors: '0', 'non-2xx': '0' });
      for (const { report, beside, state } of data.cases as readonly Case[]) {
        expect(report.answered).toBeGreaterThan(0);
        expect(beside === undefined).toBe(state === 'idle');
        if (beside === undefined) continue;
        expect(beside.traffic).toMatchObject({ lost: 0, duplicated: 0, foreign: 0 });
        expect(beside.traffic.deliveries).toBeGreaterThan(0);
      }
    },
    RUN_MS,
  );

  test(
    'answers other than 2xx are counted',
    async () => {
      await using server = answering(
        (nth) => new Response('', { status: nth % 2 === 0 ? 500 : 200 }),
      );
      const report = await requestsFor({ ...REQUESTS, url: server.url });
      expect(Math.abs(report.non_2xx * 2 - report.answered)).toBeLessThanOrEqual(1);
      expect(Histogram.of([report.latency_us]).count).toBeGreaterThanOrEqual(report.answered);
    },
    RUN_MS,
  );

  test(
    'a server that is not there is an error',
    async () => {
      const report = await requestsFor({ ...REQUESTS, url: 'http://127.0.0.1:1/' });
      expect(report.answered).toBe(0);
      expect(report.errors).toBeGreaterThan(0);
    },
    RUN_MS,
  );

  test(
    'a stall of a second counts for all that was due meanwhile',
    async () => {
      await using server = answering((nth) => {
        if (nth === 10) Bun.sleepSync(1_000);
        return new Response('');
      });
      const report = await requestsFor({ ...REQUESTS, url: server.url });
      const latency = Histogram.of([report.latency_us]);
      expect(latency.max).toBeGreaterThan(900_000);
      expect(latency.percentile(90)).toBeGreaterThan(100_000);
    },
    RUN_MS,
  );

  test('the correction is that of HdrHistogram', () => {
    const values = (time_us: number): string => {
      const latency = new Histogram();
      recordCorrected(latency, time_us, 100);
      return `${latency.count} from ${latency.min} to ${latency.max}`;
    };
    expect(values(50)).toBe('1 from 50 to 50');
    expect(values(199)).toBe('1 from 199 to 199');
    expect(values(250)).toBe('2 from 150 to 250');
    expect(values(1_000)).toBe('10 from 100 to 1000');
  });

  test('what makes no sense is refused', async () => {
    for (const more of [{ rate: 105 }, { members: 1 }]) {
      await expect(httpCommand.run(asked(more), () => undefined)).rejects.toThrow(UsageError);
    }
  });
});
