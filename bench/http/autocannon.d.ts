/** The part of autocannon that is used here: it brings no types of its own. */
declare module 'autocannon' {
  import type { EventEmitter } from 'node:events';

  interface Options {
    readonly url: string;
    readonly connections: number;
    /** Requests/s of all connections together. */
    readonly overallRate: number;
    /** Seconds. */
    readonly duration: number;
    /** Seconds. */
    readonly timeout: number;
    /** Leaves its own histogram as it was measured. */
    readonly ignoreCoordinatedOmission: boolean;
  }

  interface Result {
    /** Seconds. */
    readonly duration: number;
    readonly errors: number;
    readonly timeouts: number;
    readonly non2xx: number;
    readonly requests: { readonly total: number };
    readonly throughput: { readonly total: number };
  }

  interface Instance extends EventEmitter, Promise<Result> {
    on(
      event: 'response',
      listener: (client: object, statusCode: number, bytes: number, time_ms: number) => void,
    ): this;
  }

  export default function autocannon(options: Options): Instance;
}
