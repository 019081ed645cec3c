import type { Draft } from '../../../server/protocol/messages.ts';

export type CourierKind = 'hub' | 'hub without window' | 'broadcast' | 'ring';

/** How one Worker hands batches to another. Each Worker of a pair makes its end of it. */
export interface Courier {
  /** Hands over what one turn of the event loop has brought. */
  send(drafts: readonly Draft[]): void;
}

/** What the other end gets: a frame it would publish, and how many messages are in it. */
export type Receive = (frame: string | Uint8Array, count: number) => void;

/** @param end 0 or 1: which Worker of the pair this is */
export type MakeCourier = (end: number, shared: Shared, receive: Receive) => Promise<Courier>;

/** What both Workers of a pair are given. */
export interface Shared {
  /** Distinguishes this pair's channels from those of others. */
  readonly name: string;
  /** Messages handed over at a time. */
  readonly batch: number;
  /** The native hub's number; 0 when the pair has none. */
  readonly hub: number;
  /** Memory for each end's inbox. */
  readonly rings: readonly SharedArrayBuffer[];
  /** An Int32: messages that end 1 has received. It wraps. */
  readonly received: SharedArrayBuffer;
}

export const RING_BYTES = 2_097_152;
export const RING_CONTROL_BYTES = 64;
