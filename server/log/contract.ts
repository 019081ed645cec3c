import { describe } from 'bun:test';
import { testBounds } from './contract/bounds.ts';
import type { LogTraits, MakeHarness, On } from './contract/fixture.ts';
import { testDuplicates, testWindow } from './contract/idempotency.ts';
import { testOrder, testRecords } from './contract/order.ts';
import { testProperties } from './contract/properties.ts';
import { testReading } from './contract/reading.ts';
import { testClosing, testOpening } from './contract/rooms.ts';
import { withLog } from './contract/with_log.ts';

export type { LogHarness, LogSettings, LogTraits, MakeHarness } from './contract/fixture.ts';

/**
 * What the port promises, tried on one adapter. At the end of each test everything that was said and
 * answered is held against the port once more (`contract/outcome.ts`).
 * @param seed of the examples; the properties draw their own
 */
export function describeLogContract(
  name: string,
  traits: LogTraits,
  make: MakeHarness,
  seed = 1,
): void {
  const on: On = (body, changes) => {
    const settings = { seed, idempotency_ids_max: 1_000, queue_max: 1_000, ...changes };
    return () => withLog(make, traits, settings, body);
  };

  describe(`log contract: ${name}`, () => {
    describe('records', () => testRecords(on));
    describe('order', () => testOrder(on));
    describe('duplicates', () => testDuplicates(on));
    describe('remembered ids', () => testWindow(on, traits));
    describe('opening', () => testOpening(on, traits));
    describe('closing', () => testClosing(on));
    describe('reading', () => testReading(on));
    describe('bounds and end', () => testBounds(on, traits));
    describe('properties', () => testProperties(traits, make));
  });
}
