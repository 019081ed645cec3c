import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { Conduct } from './conduct.ts';

const LIMITS = { rate_limit: 10, rate_burst: 10, command_rate_limit: 50, command_burst: 200 };

describe('what a connection may do', () => {
  test('messages and commands have a limit each', () => {
    const conduct = new Conduct(LIMITS);
    const admitted = (admit: () => number): number => {
      let count = 0;
      while (admit() === 0) count += 1;
      return count;
    };
    expect(admitted(() => conduct.admitMessage(0))).toBe(10);
    expect(admitted(() => conduct.admitCommand(0))).toBe(200);
    expect(admitted(() => conduct.admitMessage(1_000))).toBe(10);
    expect(admitted(() => conduct.admitCommand(1_000))).toBe(50);
  });

  test('0 switches a limit off', () => {
    const conduct = new Conduct({ ...LIMITS, rate_limit: 0, command_rate_limit: 0 });
    for (let count = 0; count < 10_000; count += 1) {
      expect(conduct.admitMessage(0) + conduct.admitCommand(0)).toBe(0);
    }
  });
});

describe('what ends a connection', () => {
  test('not coming as soon as it is let, for hours, at any rate', () => {
    const rates = fc.record({
      rate_limit: fc.constantFrom(1, 10, 333, 10_000),
      rate_burst: fc.constantFrom(1, 10),
      command_rate_limit: fc.constantFrom(1, 50, 333, 10_000),
      command_burst: fc.constantFrom(1, 200),
    });
    fc.assert(
      fc.property(rates, fc.boolean(), (limits, isMessage) => {
        const conduct = new Conduct(limits);
        const admit = (now_ms: number): number =>
          isMessage ? conduct.admitMessage(now_ms) : conduct.admitCommand(now_ms);
        for (let now_ms = 0, tries = 0; tries < 5_000; tries += 1) {
          const wait_ms = admit(now_ms);
          if (wait_ms > 0) expect(conduct.noteRefusal(now_ms)).toBeUndefined();
          now_ms += wait_ms;
        }
      }),
      { numRuns: 30 },
    );
  });

  test('going on regardless does, soon', () => {
    const conduct = new Conduct(LIMITS);
    let refusals = 0;
    // A try every millisecond: a hundred times what is allowed.
    for (let now_ms = 0; now_ms < 2_000; now_ms += 1) {
      if (conduct.admitMessage(now_ms) === 0) continue;
      refusals += 1;
      if (conduct.noteRefusal(now_ms) === undefined) continue;
      expect(conduct.noteRefusal(now_ms)).toBe('too_many');
      expect(refusals).toBeGreaterThan(100);
      return;
    }
    throw new Error('it was never ended');
  });

  test('ten malformed frames are forgiven, the eleventh is not; one now and then always is', () => {
    const hasty = new Conduct(LIMITS);
    for (let count = 0; count < 10; count += 1) expect(hasty.noteMalformed(count)).toBeUndefined();
    expect(hasty.noteMalformed(10)).toBe('malformed_too_often');
    const slow = new Conduct(LIMITS);
    for (let count = 0; count < 1_000; count += 1) {
      expect(slow.noteMalformed(count * 5_001)).toBeUndefined();
    }
  });
});
