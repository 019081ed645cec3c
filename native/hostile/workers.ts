/**
 * Workers hammer one hub and are ended in the middle of it, whatever they are just doing. The two that
 * stay have to see one order without a gap, and of the others nothing may be left.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Report, ROOMS } from './hammer.ts';
import { ANN, connect, NEW_ROOM, openHub } from './hub.ts';

const ROUNDS = 12;
const AT_ONCE = 3;
const STAYING = 2;
const DEADLINE_MS = 60_000;

const id = openHub(1 + STAYING + ROUNDS * AT_ONCE);
const own = connect(id, 0);
let workers = 0;

function start(turns: number): Worker {
  workers += 1;
  return new Worker(new URL('./hammer.ts', import.meta.url), {
    workerData: { id, worker: workers, turns },
  });
}

/** The next of its messages. @throws when it ends, fails or is silent instead */
async function hear(worker: Worker): Promise<unknown> {
  const [message] = await once(worker, 'message', { signal: AbortSignal.timeout(DEADLINE_MS) });
  return message;
}

const staying = Array.from({ length: STAYING }, () => start(Number.POSITIVE_INFINITY));
// Both listen before anybody speaks, so that both have everything to tell.
await Promise.all(staying.map(hear));
for (const worker of staying) worker.postMessage('begin');

for (let round = 0; round < ROUNDS; round += 1) {
  const ending = Array.from({ length: AT_ONCE }, (_, index) =>
    start(1 + ((round * 7 + index * 3) % 20)),
  );
  await Promise.all(
    ending.map(async (worker) => {
      await hear(worker);
      worker.postMessage('begin');
      await hear(worker);
      await worker.terminate();
    }),
  );
}

for (const worker of staying) {
  worker.postMessage('stop');
  assert.equal(await hear(worker), 'stopped');
}
const reports: Report[] = [];
for (const worker of staying) {
  worker.postMessage('report');
  reports.push((await hear(worker)) as Report);
}
const [one, other] = reports;
assert.deepEqual(one, other);
for (const { count, gaps } of one ?? []) {
  assert.equal(gaps, 0);
  assert.ok(count > 0);
}

// The two that stay are one user in each room; the others have gone, and so have their connections.
const deadline_ms = performance.now() + DEADLINE_MS;
while (own.counters().members > STAYING * ROOMS.length && performance.now() < deadline_ms) {
  await Bun.sleep(10);
}
assert.equal(own.counters().members, STAYING * ROOMS.length);
const room = own.openRoom(ROOMS[0] ?? '', NEW_ROOM);
assert.equal(own.join(room, ANN, 'json', undefined).user_count, 1 + STAYING);
console.log('survived');
process.exit(0);
