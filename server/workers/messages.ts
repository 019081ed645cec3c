import type { MessagePort } from 'node:worker_threads';
import type { Config } from '../config/options.ts';

/** What the main thread asks of a worker, one after the other. */
export type Order = 'drain' | 'stop';

/** What it may say in between: not to wait for anybody any more. There is no answer. */
export type Nudge = 'hurry';

/** What a worker says of itself. */
export type Report =
  | { readonly kind: 'listening'; readonly log: string }
  | { readonly kind: 'drained' }
  | { readonly kind: 'stopped' }
  /** It did not start, or something went wrong that no handler has caught. */
  | { readonly kind: 'failed'; readonly message: string; readonly isConfigError: boolean };

/** What the thread that keeps the records starts from. */
export interface KeeperStart {
  readonly config: Config;
  /** The native hub it puts records into, and the number of its own place there. */
  readonly hub: { readonly id: number; readonly worker: number } | undefined;
  /** One for each worker; none where the log is in memory. */
  readonly log_ports: readonly MessagePort[];
  readonly storage_ports: readonly MessagePort[];
}
