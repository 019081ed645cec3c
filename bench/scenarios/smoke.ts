import { requireSenders, UsageError } from '../command/options.ts';
import type { Scenario } from './scenario.ts';
import { type Contest, compete } from './smoke_contest.ts';
import { SMOKE_OPTIONS, type SmokeValues } from './smoke_options.ts';
import { summariseContests } from './smoke_report.ts';

export const smoke: Scenario<typeof SMOKE_OPTIONS> = {
  name: 'smoke',
  summary: 'CPU per delivery and latency against bare Bun.serve loops, same window, same bytes',
  options: SMOKE_OPTIONS,
  async run(values, progress) {
    requireSenders(values);
    requireHubFor(values);
    const contests: Contest[] = [];
    for (const encoding of values.encodings) {
      contests.push(await compete(encoding, values, progress));
    }
    return summariseContests(contests);
  },
};

/** @throws UsageError when workers are asked for that no hub asked for can serve */
function requireHubFor({ hubs, workers }: SmokeValues): void {
  if (!hubs.includes('native') && !workers.includes(1)) {
    throw new UsageError('The script hub serves with one worker: --workers has to have 1 in it.');
  }
}
