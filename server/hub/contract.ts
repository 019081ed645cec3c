import { describe } from 'bun:test';
import { testLastOffsets, testWrapping } from './contract/edges.ts';
import { type MakeHub, type On, onHub } from './contract/fixture.ts';
import { testBatches, testFlush, testManyRooms, testWindows } from './contract/flush.ts';
import { testHistory, testHistoryAge, testHistoryBounds } from './contract/history.ts';
import { testHandles, testMembers, testUsers } from './contract/members.ts';
import { testEncodings, testOrder } from './contract/order.ts';
import {
  testFill,
  testLoss,
  testNoOverrun,
  testOverrun,
  testOverrunEnds,
} from './contract/overrun.ts';
import { testHubProperties } from './contract/properties.ts';
import { testNoGap, testRecovery } from './contract/recovery.ts';

/**
 * What the port promises, tried on one hub. After each test the counters are held against what was
 * published, and every row against its encoding.
 */
export function describeHubContract(name: string, make: MakeHub): void {
  const on = onHub(make);
  const section = (title: string, ...tests: ((on: On) => void)[]) =>
    describe(title, () => {
      for (const each of tests) each(on);
    });

  describe(`hub contract: ${name}`, () => {
    section('order', testOrder, testEncodings);
    section('members', testMembers, testUsers, testHandles);
    section('history', testHistory, testHistoryBounds, testHistoryAge);
    section('recovery', testRecovery, testNoGap);
    section('flush', testFlush, testWindows, testManyRooms, testBatches);
    section('overrun', testOverrun, testFill, testLoss, testOverrunEnds, testNoOverrun);
    section('edges', testLastOffsets, testWrapping);
    describe('any schedule', () => testHubProperties(make));
  });
}
