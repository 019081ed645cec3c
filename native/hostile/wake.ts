/** A worker whose wake-up throws is woken all the same, and so are the others. */
import assert from 'node:assert/strict';
import { ANN, connect, NEW_ROOM, openHub, silent } from './hub.ts';

const ROUNDS = 20;
const DEADLINE_MS = 20_000;

const thrown: unknown[] = [];
process.on('uncaughtException', (error) => thrown.push(error.message));

const id = openHub(3);
let woken = Promise.withResolvers<void>();
const well = connect(id, 1, { ...silent, wake: () => woken.resolve() });
const sick = connect(id, 2, {
  ...silent,
  wake: () => {
    throw new Error('no');
  },
});
const publisher = connect(id, 0);
for (const hub of [well, sick]) {
  hub.join(hub.openRoom('red', NEW_ROOM), ANN, 'json', undefined);
  // It has asked, and will be told.
  hub.flush(performance.now());
}
const room = publisher.openRoom('red', NEW_ROOM);

for (let round = 0; round < ROUNDS; round += 1) {
  publisher.sequence(room, { from: 'Bob', from_id: 'bob', text: 'hello' }, round);
  publisher.flush(performance.now());
  const late = setTimeout(() => woken.reject(new Error('not woken in time')), DEADLINE_MS);
  await woken.promise;
  clearTimeout(late);
  woken = Promise.withResolvers();
  // Far enough on that no window is open.
  for (const hub of [well, sick]) hub.flush(performance.now() + 1_000 * (round + 1));
}
assert.equal(thrown.length, ROUNDS);
assert.deepEqual([...new Set(thrown)], ['no']);
assert.equal(publisher.counters().deliveries, 2 * ROUNDS);
console.log('survived');
