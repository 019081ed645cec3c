import { expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../command/options.ts';
import { KINDS, rungsOf } from './plan.ts';
import { checkedPlan, isPlan, PLAN_NAMES, readPlan } from './plans.ts';

const DOCUMENT = readFileSync(join(import.meta.dir, '../../docs/benchmarks.md'), 'utf8');

test.each(PLAN_NAMES)('%s is whole, and the documents name it', async (name) => {
  const plan = await readPlan(name);
  expect(plan.name).toBe(name);
  expect(DOCUMENT).toContain(`| \`${name}\` |`);
});

test('each kind has a scenario', async () => {
  const plans = await Promise.all(PLAN_NAMES.map(readPlan));
  expect([...new Set(plans.map(({ kind }) => kind))].toSorted()).toEqual([...KINDS].toSorted());
});

test('rate limits are on where the contract says so', async () => {
  const plans = await Promise.all(PLAN_NAMES.map(readPlan));
  const limited = plans.filter(({ rate_limit }) => rate_limit > 0).map(({ name }) => name);
  expect(limited).toEqual(['burst-100', 'burst-1000', 'churn', 'single', 'steady', 'steady-1000']);
});

test('a scenario of one’s own is a file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hubbub-plan-'));
  try {
    const path = join(folder, 'mine.toml');
    writeFileSync(
      path,
      'summary = "mine"\nkind = "traffic"\nclients = [3, 5]\nsenders = 4\nrate = 2\n',
    );
    expect(isPlan(path)).toBe(true);
    const plan = await readPlan(path);
    expect(plan).toMatchObject({ name: 'mine', payload: 128, clients: [3, 5] });
    expect(rungsOf(plan)).toEqual([
      { label: '3 clients', clients: 3, rooms: 1, senders: 3, rate: 6 },
      { label: '5 clients', clients: 5, rooms: 1, senders: 4, rate: 8 },
    ]);
    writeFileSync(path, 'kind = ');
    await expect(readPlan(path)).rejects.toThrow('is no TOML');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each([
  [{ kind: 'dance' }, 'kind'],
  [{ kind: 'traffic', rate: 0 }, 'rate'],
  [{ kind: 'traffic', clients: [] }, 'clients'],
  [{ kind: 'traffic', clients: [0] }, 'clients.0'],
  [{ kind: 'traffic', colour: 'red' }, 'colour'],
  [{ kind: 'traffic', pattern: 'chaos' }, 'pattern'],
])('%p is refused by the field that is wrong', (said, field) => {
  const check = (): unknown => checkedPlan({ name: 'mine', summary: 'mine', ...said });
  expect(check).toThrow(UsageError);
  expect(check).toThrow(`The scenario's ${field} `);
});

test('what there is not is told with what there is', async () => {
  await expect(readPlan('dance')).rejects.toThrow('There is no scenario "dance": burst-100,');
});
