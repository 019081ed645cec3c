import type { StorageAnswer, StorageCall } from './storage.ts';

/** What the main thread asks of a worker, one after the other. */
export type Order = 'drain' | 'stop';

/** What it may say in between: not to wait for anybody any more, or what storage says. There is no answer. */
export type Nudge = 'hurry' | StorageAnswer;

/** What a worker says of itself. */
export type Report =
  | { readonly kind: 'listening'; readonly log: string }
  | { readonly kind: 'drained' }
  | { readonly kind: 'stopped' }
  | StorageCall
  /** It did not start, or something went wrong that no handler has caught. */
  | { readonly kind: 'failed'; readonly message: string; readonly isConfigError: boolean };
