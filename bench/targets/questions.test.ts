import { expect, test } from 'bun:test';
import { parseOptions } from '../command/options.ts';
import { entrantsOf } from '../contest/entrant.ts';
import { CONTEST_OPTIONS, planWith } from '../contest/options.ts';
import { readPlan } from '../contest/plans.ts';
import { ANSWERING, ASKED, QUESTIONS } from './questions.ts';

test('each question is answered by a scenario that is run, at a size that it has', async () => {
  expect(new Set(QUESTIONS.map(({ plan }) => plan))).toEqual(new Set(Object.keys(ASKED)));
  for (const { plan: name, clients } of QUESTIONS) {
    const given = Object.entries(ASKED[name] ?? {}).map(([flag, value]) => `--${flag}=${value}`);
    const plan = planWith(await readPlan(name), parseOptions(CONTEST_OPTIONS, given));
    if (clients === undefined) expect(plan.clients).toHaveLength(1);
    else expect(plan.clients).toContain(clients);
  }
});

test('no target is asked twice, and who answers is a server of this project', () => {
  const targets = QUESTIONS.map(({ target }) => target);
  expect(new Set(targets).size).toBe(targets.length);
  expect(entrantsOf([ANSWERING])).toMatchObject([{ is: 'hubbub', workers: 1 }]);
});
