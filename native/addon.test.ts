import { describe, expect } from 'bun:test';
import { once } from 'node:events';
import { pathOf, requires } from '../tests/support/requires.ts';

interface Addon {
  abiVersion: number;
  countersAdd(worker: number, counter: number, n: number): void;
  countersSum(counter: number): bigint;
}

const testAddon = requires('native-addon');

function loadAddon(): Addon {
  return require(pathOf('native-addon'));
}

/** Counts in a Worker of its own: `additions` times one, in the given worker's block. */
async function countInWorker(worker: number, counter: number, additions: number): Promise<void> {
  const source = `
    const addon = require(${JSON.stringify(pathOf('native-addon'))});
    for (let i = 0; i < ${additions}; i += 1) addon.countersAdd(${worker}, ${counter}, 1);
    postMessage(addon.countersSum(${counter}) >= ${additions}n);
  `;
  const url = URL.createObjectURL(new Blob([source], { type: 'application/javascript' }));
  const thread = new Worker(url);
  try {
    const [event] = await once(thread, 'message', { signal: AbortSignal.timeout(20_000) });
    expect(event.data).toBe(true);
  } finally {
    thread.terminate();
    URL.revokeObjectURL(url);
  }
}

describe('the native addon', () => {
  testAddon('says which interface it speaks', () => {
    expect(loadAddon().abiVersion).toBe(3);
  });

  testAddon('shares its counters between all threads of the process', async () => {
    const addon = loadAddon();
    const counter = 3;
    const before = addon.countersSum(counter);
    addon.countersAdd(0, counter, 2 ** 40);
    await Promise.all([1, 2, 3, 4].map((worker) => countInWorker(worker, counter, 50_000)));
    expect(addon.countersSum(counter) - before).toBe(2n ** 40n + 200_000n);
  });

  testAddon('answers bad arguments with an exception and counts nothing', () => {
    const addon = loadAddon();
    const before = addon.countersSum(5);
    for (const [worker, counter, n] of [
      [256, 5, 1],
      [-1, 5, 1],
      [0, 32, 1],
      [0, 5, -1],
    ] as const) {
      expect(() => addon.countersAdd(worker, counter, n)).toThrow(RangeError);
    }
    expect(() => Reflect.apply(addon.countersAdd, addon, ['0', 5, 1])).toThrow(TypeError);
    expect(() => Reflect.apply(addon.countersSum, addon, [])).toThrow(TypeError);
    expect(addon.countersSum(5)).toBe(before);
  });
});
