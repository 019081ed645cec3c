import type { Options } from '../command/options.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { duration, runSeconds } from './clock.ts';
import { entrantChoices } from './entrant.ts';
import { rungsOf } from './plan.ts';
import { PLAN_NAMES, readPlan } from './plans.ts';

/** What there is to be measured, and who may take part. */
export const listCommand: Scenario<Options> = {
  name: 'list',
  summary: 'the scenarios there are, and the servers that may take part',
  options: {},
  async run() {
    const plans = await Promise.all(PLAN_NAMES.map(readPlan));
    const scenarios = plans.map((plan) => ({
      scenario: plan.name,
      'a run takes': duration(runSeconds(plan) * rungsOf(plan).length),
      'rate limit': plan.rate_limit === 0 ? 'off' : `${plan.rate_limit}/s`,
      'what it is': plan.summary,
    }));
    const peers = entrantChoices().map((name) => ({ '--peers': name }));
    return { tables: [scenarios, peers], targets: [], problems: [], data: { scenarios, peers } };
  },
};
