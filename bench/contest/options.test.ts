import { expect, test } from 'bun:test';
import { parseOptions, UsageError } from '../command/options.ts';
import { CONTEST_OPTIONS, coresApart, memoryBytes, planWith } from './options.ts';
import { readPlan } from './plans.ts';

const changed = async (...given: readonly string[]) =>
  planWith(await readPlan('ladder'), parseOptions(CONTEST_OPTIONS, given));

test('the command line changes a scenario, field by field', async () => {
  const plan = await changed(
    '--clients',
    '10,20',
    '--rate',
    '0.5',
    '--pattern=burst',
    '--burst-size',
    '5',
  );
  const { clients, rate, pattern, burst_size, room_size } = plan;
  expect({ clients, rate, pattern, burst_size }).toEqual({
    clients: [10, 20],
    rate: 0.5,
    pattern: 'burst',
    burst_size: 5,
  });
  expect(room_size).toBe((await readPlan('ladder')).room_size);
});

test.each([
  ['--clients', '0'],
  ['--clients', '10,x'],
  ['--rate', '-1'],
  ['--rate', 'fast'],
  ['--payload', '1'],
  ['--payload', '100.5'],
  ['--pattern', 'chaos'],
  ['--duration', '0'],
])('%s %s is refused by its name', async (flag, value) => {
  const change = changed(`${flag}=${value}`);
  await expect(change).rejects.toThrow(UsageError);
  await expect(change).rejects.toThrow(flag);
});

test('what makes a scenario what it is stays', async () => {
  await expect(changed('--kind', 'idle')).rejects.toThrow(UsageError);
});

test('memory has a unit', () => {
  expect(memoryBytes('')).toBeUndefined();
  expect(memoryBytes('512m')).toBe(512 * 2 ** 20);
  expect(memoryBytes('2G')).toBe(2 * 2 ** 30);
  for (const wrong of ['512', '0m', 'm', '1.5g', '-1m']) {
    expect(() => memoryBytes(wrong)).toThrow('--memory takes');
  }
});

test.each([
  [1, 2, { server: [0], client: 1 }],
  [2, 2, { server: [0], client: 1 }],
  [2, 4, { server: [0, 1], client: 3 }],
  [8, 4, { server: [0, 1, 2], client: 3 }],
  [1, 1, { server: [0], client: 0 }],
])('%d of %d cores, and never the engine’s', (wanted, cpus, cores) => {
  expect(coresApart(wanted, cpus)).toEqual(cores);
});
