/**
 * One side of a comparison, in a process of its own: `bun process.ts <suite>` measures as its parent
 * asks over IPC. Sides never share a process: a compiler that has seen both compiles neither as it
 * would alone, and the garbage of one would be collected in the time of the other.
 */
import { Host, type Request } from './host.ts';
import { isSuiteName, runsInWorker, SUITES } from './suites.ts';

const [, , name = ''] = process.argv;
if (!isSuiteName(name)) throw new Error(`there is no suite "${name}"`);

const tell = (answer: unknown): void => {
  process.send?.(answer);
};

if (runsInWorker(name)) {
  const worker = new Worker(new URL('../micro/worker.ts', import.meta.url).href);
  worker.onmessage = ({ data }) => tell(data);
  worker.postMessage(name);
  process.on('message', (request: Request) => worker.postMessage(request));
} else {
  const host = new Host(SUITES[name]);
  process.on('message', (request: Request) => {
    host.answer(request).then(tell, tell);
  });
}
// Without a parent there is nobody to measure for.
process.on('disconnect', () => process.exit(0));
