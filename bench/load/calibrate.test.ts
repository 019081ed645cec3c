import { expect, test } from 'bun:test';
import { parseOptions } from '../command/options.ts';
import { calibrate } from './calibrate.ts';
import { missingForEngine } from './engine_build.ts';

const missing = missingForEngine();
const suffix = missing.length === 0 ? '' : ` [needs ${missing.join(' and ')}]`;

test.skipIf(missing.length > 0)(
  `each window is a row, and the sink hands on every message${suffix}`,
  async () => {
    const given = ['--members', '10', '--senders', '2', '--deliveries', '2000', '--steps', '1'];
    const short = ['--warmup-ms', '0', '--duration-ms', '200', '--client-cpu', '0'];
    const values = parseOptions(calibrate.options, [...given, ...short]);
    const { tables, problems, data } = await calibrate.run(values, () => undefined);
    expect(problems).toEqual([]);
    expect(tables[0]).toHaveLength(2);
    const told = (offered: number, window_ms: number) => ({
      window_ms,
      offered,
      report: { sent: offered / 50, lost: 0, deliveries: offered / 5, orders: 1 },
    });
    expect(data.steps).toMatchObject([told(2_000, 0), told(2_000, 5)]);
  },
);
