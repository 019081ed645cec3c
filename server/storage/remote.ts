import type { MessagePort } from 'node:worker_threads';
import { withDeadline } from '../deadline.ts';
import { UnavailableError } from '../errors.ts';
import type { Storage } from './port.ts';

type Method = Exclude<keyof Storage, 'kind' | 'stop'>;

/** One call of a method, on its way to the thread that has the storage. */
interface Call {
  readonly call: number;
  readonly method: Method;
  readonly parameters: readonly unknown[];
}

type Answer =
  | { readonly call: number; readonly result: unknown }
  | { readonly call: number; readonly reason: string };

const METHODS: ReadonlySet<string> = new Set<Method>([
  'createUser',
  'getUser',
  'listUsers',
  'setUserDisabled',
  'createSession',
  'findSession',
  'revokeSession',
  'listSessions',
  'addRevocation',
  'listRevocations',
  'deleteExpired',
]);

/** Calls that wait for an answer: more are refused. */
const CALLS_MAX = 10_000;

/** Lets whoever has the other end of `port` use a storage that lives on this thread. */
export function hostStorage(storage: Storage, port: MessagePort): void {
  port.on('message', ({ call, method, parameters }: Call) => {
    const run = storage[method] as (...given: unknown[]) => Promise<unknown>;
    run.apply(storage, [...parameters]).then(
      (result) => port.postMessage({ call, result } satisfies Answer),
      (error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        port.postMessage({ call, reason } satisfies Answer);
      },
    );
  });
}

/**
 * A storage that lives on another thread, the same for all workers.
 * @param kind of that storage
 * @param timeout_ms after which a call is given up
 */
export function connectStorage(port: MessagePort, kind: string, timeout_ms: number): Storage {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let next_call = 1;
  let isStopped = false;
  port.on('message', (answer: Answer) => {
    const call = waiting.get(answer.call);
    waiting.delete(answer.call);
    if ('reason' in answer) call?.reject(new UnavailableError(answer.reason));
    else call?.resolve(answer.result);
  });
  const ask = async (method: Method, parameters: readonly unknown[]): Promise<unknown> => {
    if (isStopped) throw new UnavailableError('the storage has stopped');
    if (waiting.size >= CALLS_MAX)
      throw new UnavailableError('too many calls wait for the storage');
    const call = next_call;
    next_call += 1;
    const answer = Promise.withResolvers<unknown>();
    waiting.set(call, answer);
    port.postMessage({ call, method, parameters } satisfies Call);
    return withDeadline(answer.promise, timeout_ms, 'the storage').finally(() =>
      waiting.delete(call),
    );
  };
  const stop = async (): Promise<void> => {
    if (isStopped) return;
    isStopped = true;
    for (const { reject } of waiting.values()) {
      reject(new UnavailableError('the storage has stopped'));
    }
    port.close();
  };
  const calls = Array.from(METHODS, (method) => [
    method,
    (...parameters: unknown[]) => ask(method as Method, parameters),
  ]);
  return { kind, stop, ...Object.fromEntries(calls) };
}
