import type { ErrorCode } from '../errors.ts';
import type { MessageRecord } from '../protocol/messages.ts';
import type { Range } from './port.ts';

/**
 * What a worker and the log's thread say to each other. Each message crosses as one JSON text: that is
 * a fifth of the cost of structured clones.
 */
export type ToLog =
  | { readonly kind: 'publish'; readonly publishes: readonly PublishLine[] }
  | { readonly kind: 'open'; readonly call: number; readonly room: string }
  | {
      readonly kind: 'read';
      readonly call: number;
      readonly room: string;
      readonly range: Range;
      readonly limit: number;
    }
  | { readonly kind: 'close'; readonly room: string };

/** Everything a publish is made of; the last one is absent when it has no id. */
export type PublishLine = readonly [
  room: string,
  token: number,
  from: string,
  from_id: string,
  text: string,
  id?: string,
];

export type FromLog =
  /** Triples of token, offset, and 1 for a duplicate. */
  | { readonly kind: 'acknowledged'; readonly triples: readonly number[] }
  | {
      readonly kind: 'refused';
      readonly tokens: readonly number[];
      readonly code: ErrorCode;
      readonly retry_after_ms: number;
    }
  | {
      readonly kind: 'committed';
      readonly room: string;
      readonly epoch: string;
      readonly records: readonly MessageRecord[];
    }
  | { readonly kind: 'done'; readonly call: number; readonly result: unknown }
  | { readonly kind: 'failed'; readonly call: number; readonly reason: string }
  | { readonly kind: 'troubled'; readonly reason?: string | undefined };
