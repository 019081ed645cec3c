/** Calls everything the addon has with what it does not take. */
import assert from 'node:assert/strict';
import { addon, checkHealth, execute, lendAll, openHub } from './hub.ts';

const AREA_BYTES = 4_096;
const wake = () => {};
const id = openHub(2);
const door = new addon.Door(id, 0, wake);
let [control] = lendAll(door, AREA_BYTES);

const NOT_NUMBERS: readonly unknown[] = [
  undefined,
  null,
  '0',
  0n,
  Symbol('0'),
  true,
  {},
  { valueOf: () => 0 },
  [],
];
const NOT_WHOLE = [-1, 0.5, Number.NaN, Infinity, -Infinity, 2 ** 32, 2 ** 53, -(2 ** 53)];

const call = (target: object, name: string, given: readonly unknown[]): unknown =>
  Reflect.apply(Reflect.get(target, name), target, given);

const describe = (given: unknown): string =>
  typeof given === 'object' && given !== null ? given.constructor.name : String(given);

function refuses(
  name: 'TypeError' | 'RangeError',
  target: object,
  method: string,
  calls: unknown[][],
) {
  for (const given of calls) {
    const what = `${method}(${given.map(describe).join(', ')})`;
    assert.throws(() => call(target, method, given), { name }, what);
  }
}

const without = (given: readonly unknown[], index: number, values: readonly unknown[]) =>
  values.map((value) => given.with(index, value));

const buffers = [
  new ArrayBuffer(64),
  new SharedArrayBuffer(64),
  new Uint8Array(new ArrayBuffer(65), 1),
  new DataView(new ArrayBuffer(64)),
];

// Doors.
const Door = { make: (...given: unknown[]) => Reflect.construct(addon.Door, given) };
refuses('TypeError', Door, 'make', [
  [],
  [id],
  [id, 1],
  [id, 1, wake, 1],
  ...without([id, 1, wake], 0, NOT_NUMBERS),
  ...without([id, 1, wake], 1, NOT_NUMBERS),
  ...without([id, 1, wake], 2, [undefined, null, {}, 'wake', 1]),
]);
refuses('RangeError', Door, 'make', [
  ...without([id, 1, wake], 0, [...NOT_WHOLE, 0, id + 1_000]),
  ...without([id, 1, wake], 1, [...NOT_WHOLE, 2, 255, 256]),
  [id, 0, wake],
]);
assert.throws(() => Reflect.apply(addon.Door, undefined, [id, 1, wake]), TypeError);
// The refused ones must not have taken the place of anybody when they go.
Bun.gc(true);
assert.equal(execute(door, control, { flush: 1 }), 0);

// Hubs. Thirteen options in order; the last two may be any number.
const options = Float64Array.of(1, 5, 1, 1, 1, 1, 0, 1, 1, 1, 1, 0, 0);
const shrunk = new ArrayBuffer(13 * 8, { maxByteLength: 200 });
const tracking = new Float64Array(shrunk);
shrunk.resize(8);
const detached = Float64Array.from(options);
structuredClone(detached.buffer, { transfer: [detached.buffer] });
refuses('TypeError', addon, 'openHub', [
  [],
  [options, 1],
  [tracking],
  [detached],
  ...NOT_NUMBERS.map((value) => [value]),
  ...buffers.map((buffer) => [buffer]),
  [[...options]],
  [Float32Array.from(options)],
  [options.slice(1)],
  [Float64Array.of(...options, 1)],
]);
const wrong = (index: number, value: number) => [Float64Array.from(options).with(index, value)];
const indexes = [...options.keys()];
refuses('RangeError', addon, 'openHub', [
  ...indexes.flatMap((index) =>
    [-1, Number.NaN, Infinity, 2 ** 53].map((one) => wrong(index, one)),
  ),
  ...[0, 0.5, 257, 2 ** 53 - 1].map((workers) => wrong(0, workers)),
]);
refuses('TypeError', addon, 'closeHub', [
  [],
  ...[...NOT_NUMBERS, ...NOT_WHOLE].map((one) => [one]),
]);

// A door's calls.
refuses('TypeError', door, 'lend', [
  [],
  [0],
  [0, 64, 64],
  ...without([0, 64], 0, NOT_NUMBERS),
  ...without([0, 64], 1, [...NOT_NUMBERS, ...buffers]),
]);
refuses('RangeError', door, 'lend', [
  ...without([0, AREA_BYTES], 0, [...NOT_WHOLE, 9]),
  ...without([0, AREA_BYTES], 1, [...NOT_WHOLE, 0, 8]),
]);
const INVALID = 7;
for (const [from, to] of [
  [8, 0],
  [1, 8],
  [0, AREA_BYTES + 8],
  [0, 2 ** 32 - 1],
  // Nothing is written there: an op that does not exist.
  [0, 8],
  [0, AREA_BYTES],
] as const) {
  assert.equal(execute(door, control, { from, to }), INVALID);
}
for (const one of NOT_WHOLE.filter((value) => value !== 0.5)) {
  assert.equal(execute(door, control, { from: one }), INVALID);
  assert.equal(execute(door, control, { to: one }), INVALID);
}
for (const wall_ms of [-1, Number.NaN, Infinity, -Infinity, 2 ** 53]) {
  assert.equal(execute(door, control, { wall_ms }), INVALID);
}
for (const monotonic_ms of [Number.NaN, -Infinity, -1, 2 ** 53]) {
  const status = execute(door, control, { flush: 1, monotonic_ms });
  assert.ok(status === 0 || status === INVALID, `${status}`);
}
refuses('RangeError', door, 'count', [
  [],
  ...[...NOT_NUMBERS, ...NOT_WHOLE, 99].map((one) => [one]),
]);

// What is no door.
for (const method of ['lend', 'execute', 'count', 'poolBytes', 'detach']) {
  for (const self of [undefined, null, 5, {}, addon, addon.Door.prototype, Object.create(door)]) {
    assert.throws(() => Reflect.apply(Reflect.get(door, method), self, [0, 0]), Error, method);
  }
}

// A door that is closed, twice, and its hub, twice.
door.detach();
door.detach();
refuses('TypeError', door, 'execute', [[]]);
refuses('TypeError', door, 'lend', [[0, AREA_BYTES]]);
refuses('RangeError', door, 'count', [[0]]);
assert.equal(door.poolBytes(), 0);
checkHealth(id, 0);
const last = new addon.Door(id, 1, wake);
addon.closeHub(id);
addon.closeHub(id);
refuses('RangeError', Door, 'make', [[id, 1, wake]]);
// Who was inside may finish.
[control] = lendAll(last, AREA_BYTES);
assert.equal(execute(last, control, { flush: 1 }), 0);

console.log('survived');
