import { expect, test } from 'bun:test';
import { coresFor } from './pin.ts';

test.each([
  [1, 2, [0]],
  [2, 2, [0, 1]],
  [4, 2, [0, 1]],
  [2, 4, [0, 2]],
  [3, 4, [0, 2, 3]],
  [4, 4, [0, 2, 3, 1]],
])('%d workers on %d cores have %p: the client shares last', (workers, cpus, cores) => {
  expect(coresFor(workers, { server_cpu: 0, client_cpu: 1 }, cpus)).toEqual(cores);
});

test('server and client may be told to share', () => {
  expect(coresFor(1, { server_cpu: 1, client_cpu: 1 }, 2)).toEqual([1]);
  expect(coresFor(2, { server_cpu: 1, client_cpu: 1 }, 2)).toEqual([1, 0]);
});
