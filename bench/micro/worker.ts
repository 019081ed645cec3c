/** The first Worker of a pair: measures what its process passes on. The suite's name comes first. */
import { Host, type Request } from './host.ts';
import { isSuiteName, SUITES } from './suites.ts';

declare const self: Worker;

let host: Host | undefined;

self.onmessage = ({ data }: MessageEvent<string | Request>) => {
  if (typeof data !== 'string') {
    const tell = (answer: unknown): void => self.postMessage(answer);
    host?.answer(data).then(tell, tell);
  } else if (isSuiteName(data)) {
    host = new Host(SUITES[data]);
  }
};
