import { test } from 'bun:test';
import fc from 'fast-check';
import type { HubLimits } from '../port.ts';
import { type Command, command } from './commands.ts';
import { ExactRun } from './exact_run.ts';
import { LIMITS, type MakeHub } from './fixture.ts';
import { OverrunRun } from './overrun_run.ts';

/** fast-check prints its seed, and the smallest schedule it finds, when one of these fails. */
export function testHubProperties(make: MakeHub): void {
  const schedule = fc.array(command, { maxLength: 120, size: 'max' });

  test('members see exactly what came between their join and their leave', () => {
    fc.assert(
      fc.property(limits({ pending_bytes_max: fc.constant(1_000_000_000) }), schedule, (...run) => {
        runAll(new ExactRun(make, run[0]), run[1]);
      }),
    );
  });

  test('an overrun costs what neither log nor history had, is counted, and nothing else', () => {
    fc.assert(
      fc.property(limits({ pending_bytes_max: fc.constantFrom(300, 900) }), schedule, (...run) => {
        runAll(new OverrunRun(make, run[0]), run[1]);
      }),
    );
  });
}

type Arbitraries = { readonly [K in keyof HubLimits]?: fc.Arbitrary<HubLimits[K]> };

const limits = (changes: Arbitraries): fc.Arbitrary<HubLimits> =>
  fc
    .record({
      flush_interval_ms: fc.constantFrom(0, 5),
      batch_records_max: fc.constantFrom(1, 2, 5, 1_000),
      batch_bytes_max: fc.constantFrom(1, 400, 1_000_000),
      history_records_max: fc.constantFrom(0, 3, 1_000),
      history_bytes_max: fc.constantFrom(500, 1_000_000),
      joined_users_max: fc.constantFrom(1, 100),
      ...changes,
    })
    .map((drawn) => ({ ...LIMITS, ...drawn }));

interface Run {
  step(command: Command): void;
  finish(): void;
}

function runAll(run: Run, commands: readonly Command[]): void {
  for (const each of commands) run.step(each);
  run.finish();
}
