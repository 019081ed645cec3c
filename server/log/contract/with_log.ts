import { expect } from 'bun:test';
import { LogFixture, type LogSettings, type LogTraits, type MakeHarness } from './fixture.ts';
import { LogObserver } from './observer.ts';
import { checkOutcome } from './outcome.ts';

/** Runs `body` on a new log, then holds all that was seen against the port, and stops the log. */
export async function withLog(
  make: MakeHarness,
  traits: LogTraits,
  settings: LogSettings,
  body: (fixture: LogFixture) => Promise<void>,
): Promise<void> {
  const observer = new LogObserver();
  const harness = await make(observer, settings);
  const fixture = new LogFixture(harness, observer, settings);
  try {
    await body(fixture);
    await fixture.settle();
    await checkOutcome(fixture, traits);
    await fixture.stop();
    await fixture.settle();
    expect(observer.violations).toEqual([]);
  } finally {
    await harness.log.stop();
    await harness.dispose();
  }
}
