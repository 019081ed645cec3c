import { expect, test } from 'bun:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { Occupancy, type OccupancyLimits } from './occupancy.ts';

const make = (limits: OccupancyLimits): Occupancy => new Occupancy(limits, Occupancy.share(limits));

/** What it has to be like: a count for each address, and their sum. */
class Model {
  readonly counts = new Map<string, number>();
  readonly limits: OccupancyLimits;

  constructor(limits: OccupancyLimits) {
    this.limits = limits;
  }

  get total(): number {
    return this.counts.values().reduce((sum, count) => sum + count, 0);
  }

  claim(address: string): 'server' | 'address' | undefined {
    const { connections_max, connections_per_address } = this.limits;
    const count = this.counts.get(address) ?? 0;
    if (this.total >= connections_max) return 'server';
    if (connections_per_address > 0 && count >= connections_per_address) return 'address';
    this.counts.set(address, count + 1);
    return undefined;
  }

  release(address: string): void {
    this.counts.set(address, (this.counts.get(address) ?? 0) - 1);
  }
}

test('counts like a map, however full and whatever leaves first', () => {
  const steps = fc.array(
    fc.record({ leaves: fc.boolean(), address: fc.nat(40).map((n) => `10.0.0.${n}`) }),
    { maxLength: 400, size: 'max' },
  );
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 30 }), fc.nat(3), (all, max, perAddress) => {
      const limits = { connections_max: max, connections_per_address: perAddress };
      const [occupancy, model] = [make(limits), new Model(limits)];
      for (const { leaves, address } of all) {
        if (!leaves) {
          expect(occupancy.claim(address)).toBe(model.claim(address));
        } else if ((model.counts.get(address) ?? 0) > 0) {
          occupancy.release(address);
          model.release(address);
        }
      }
    }),
  );
});

test('a place that was never taken is not given back in silence', () => {
  const occupancy = make({ connections_max: 10, connections_per_address: 2 });
  expect(occupancy.claim('a')).toBeUndefined();
  expect(() => occupancy.release('b')).toThrow(RangeError);
});

test('threads that come and go at once leave the count as it is', async () => {
  const limits = { connections_max: 14, connections_per_address: 3 };
  const shared = Occupancy.share(limits);
  const program = `
    const { parentPort, workerData } = require('node:worker_threads');
    const { Occupancy } = require(workerData.path);
    const occupancy = new Occupancy(workerData.limits, workerData.shared);
    const held = [];
    let taken = 0;
    for (let turn = 0; turn < 20_000; turn += 1) {
      const address = 'a' + (turn % 5);
      if (occupancy.claim(address) === undefined) { held.push(address); taken += 1; }
      if (held.length > 4) occupancy.release(held.shift());
    }
    for (const address of held) occupancy.release(address);
    parentPort.postMessage(taken);`;
  const path = new URL('./occupancy.ts', import.meta.url).pathname;
  const workers = [1, 2, 3].map(
    () => new Worker(program, { eval: true, workerData: { path, limits, shared } }),
  );
  const taken = await Promise.all(
    workers.map((worker) => new Promise<number>((resolve) => worker.once('message', resolve))),
  );
  // Who begins while the others hold every place may get none of them.
  expect(taken.reduce((sum, count) => sum + count)).toBeGreaterThan(0);
  // Nothing is left: every place can be had again, and no more than those.
  const occupancy = new Occupancy(limits, shared);
  const claims = ['a0', 'a1', 'a2', 'a3', 'a4', 'a5'].map((address) =>
    Array.from({ length: 4 }, () => occupancy.claim(address)),
  );
  const three = [undefined, undefined, undefined, 'address'];
  const two = [undefined, undefined, 'server', 'server'];
  expect(claims).toEqual([three, three, three, three, two, Array(4).fill('server')]);
});
