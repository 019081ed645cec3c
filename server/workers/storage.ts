import { withDeadline } from '../deadline.ts';
import { UnavailableError } from '../errors.ts';
import type { Storage } from '../storage/port.ts';

/**
 * Storage for all workers, kept by the main thread, which has nothing else to do: so that even the one
 * in memory is one for the whole process. Calls and answers are messages.
 */

/** What of the port goes over to the main thread. */
const METHODS = [
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
] as const satisfies readonly (keyof Storage)[];

type Method = (typeof METHODS)[number];

export interface StorageCall {
  readonly kind: 'storage call';
  readonly id: number;
  readonly method: Method;
  readonly parameters: readonly unknown[];
}

export interface StorageAnswer {
  readonly kind: 'storage answer';
  readonly id: number;
  readonly value?: unknown;
  /** Why there is no value. */
  readonly failure?: string;
}

const ANSWER_MS_MAX = 5_000;
const CALLS_MAX = 10_000;

/** The main thread's side. */
export async function answerCall(storage: Storage, call: StorageCall): Promise<StorageAnswer> {
  const { id, method, parameters } = call;
  try {
    const run = storage[method] as (...given: readonly unknown[]) => Promise<unknown>;
    return { kind: 'storage answer', id, value: await run.call(storage, ...parameters) };
  } catch (error) {
    return {
      kind: 'storage answer',
      id,
      failure: `${error instanceof Error ? error.message : error}`,
    };
  }
}

/** A worker's side: the same port. Whatever goes wrong over there is an UnavailableError here. */
export class RemoteCalls {
  readonly #post: (call: StorageCall) => void;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #count = 0;

  constructor(post: (call: StorageCall) => void) {
    this.#post = post;
  }

  /** @param kind of the storage at the other end */
  storage(kind: string): Storage {
    const methods = METHODS.map((method) => [
      method,
      (...parameters: readonly unknown[]) => this.#call(method, parameters),
    ]);
    return { kind, stop: async () => undefined, ...Object.fromEntries(methods) } as Storage;
  }

  take({ id, value, failure }: StorageAnswer): void {
    const waiting = this.#waiting.get(id);
    if (failure === undefined) waiting?.resolve(value);
    else waiting?.reject(new UnavailableError(failure));
  }

  async #call(method: Method, parameters: readonly unknown[]): Promise<unknown> {
    if (this.#waiting.size >= CALLS_MAX) throw new UnavailableError('storage has too much to do');
    this.#count += 1;
    const id = this.#count;
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.set(id, answer);
    try {
      this.#post({ kind: 'storage call', id, method, parameters });
      return await withDeadline(answer.promise, ANSWER_MS_MAX, `storage, asked for ${method},`);
    } finally {
      this.#waiting.delete(id);
    }
  }
}
