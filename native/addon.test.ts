import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathOf, requires } from '../tests/support/requires.ts';

interface Addon {
  abiVersion: number;
  countersAdd(worker: number, counter: number, n: number): void;
  countersSum(counter: number): bigint;
}

const PROGRAM_DEADLINE_MS = 100_000;
const TEST_TIMEOUT_MS = 120_000;

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

/**
 * Runs a program in a process of its own, where a crash is a result and not the end of the tests.
 * @returns what it said
 */
async function run(program: string, ...given: readonly string[]): Promise<string> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, program), ...given], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    timeout: PROGRAM_DEADLINE_MS,
  });
  const [said, complained] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  await child.exited;
  const { exitCode, signalCode } = child;
  expect({ exitCode, signalCode, complained }).toEqual({
    exitCode: 0,
    signalCode: null,
    complained: '',
  });
  return said.trimEnd();
}

describe('the native addon', () => {
  testAddon('says which interface it speaks', () => {
    expect(loadAddon().abiVersion).toBe(4);
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

describe('the door to a native hub survives', () => {
  for (const [what, program] of [
    ['arguments of any kind, number and order of calls', 'hostile/arguments.ts'],
    ['memory that is given away, and requests of any words', 'hostile/memory.ts'],
    ['wake-ups that throw', 'hostile/wake.ts'],
    ['Workers that are ended in the middle of a call', 'hostile/workers.ts'],
  ] as const) {
    testAddon(what, async () => expect(await run(program)).toBe('survived'), TEST_TIMEOUT_MS);
  }
});

describe('an addon that cannot be used is a reason, not a crash', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'hubbub-addon-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const load = (name: string) => run('hostile/load.ts', join(folder, name));

  test('missing, empty, a folder, or no library at all', async () => {
    writeFileSync(join(folder, 'empty.node'), '');
    writeFileSync(join(folder, 'text.node'), 'not a library '.repeat(1_000));
    for (const name of ['missing.node', 'empty.node', 'text.node', '.']) {
      expect(await load(name)).toStartWith('cannot be loaded: ');
    }
  });

  testAddon('cut short, wherever', async () => {
    const whole = readFileSync(pathOf('native-addon'));
    for (const share of [0.0001, 0.001, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99]) {
      const end = Math.ceil(whole.length * share);
      writeFileSync(join(folder, `${end}.node`), whole.subarray(0, end));
      expect(await load(`${end}.node`)).toStartWith('cannot be loaded: ');
    }
    writeFileSync(join(folder, 'most.node'), whole.subarray(0, -1));
    expect(await load('most.node')).toBe('cannot be loaded: the file ends too early');
    copyFileSync(pathOf('native-addon'), join(folder, 'whole.node'));
    expect(await load('whole.node')).toBe('speaks version 4');
  });

  testAddon('built for another machine', async () => {
    const bytes = readFileSync(pathOf('native-addon'));
    // The header's `e_machine`: a number that no machine has.
    bytes.writeUInt16LE(0xfffe, 18);
    writeFileSync(join(folder, 'other.node'), bytes);
    expect(await load('other.node')).toStartWith('cannot be loaded: ');
  });

  testAddon('of another version', async () => {
    await compile(`
      #include <node_api.h>
      NAPI_MODULE_INIT() {
        napi_value version;
        napi_create_uint32(env, 1, &version);
        napi_set_named_property(env, exports, "abiVersion", version);
        return exports;
      }
    `);
    expect(await load('stale.node')).toBe('speaks version 1 of its interface, not 4');
  });

  async function compile(source: string): Promise<void> {
    writeFileSync(join(folder, 'stale.cc'), source);
    const headers = join(import.meta.dir, '../node_modules/node-api-headers/include');
    const command = [process.env.CXX ?? 'c++', '-shared', '-fPIC', `-I${headers}`, 'stale.cc'];
    const child = Bun.spawn([...command, '-o', 'stale.node'], { cwd: folder, stderr: 'pipe' });
    const complained = await child.stderr.text();
    expect({ exitCode: await child.exited, complained }).toEqual({ exitCode: 0, complained: '' });
  }
});
