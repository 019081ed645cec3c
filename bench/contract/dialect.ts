import type { RuleName } from './rules.ts';

/** What a client can ask for, in the contract's words; `id` comes back with the answer. */
export type Action =
  | { readonly type: 'join' | 'leave'; readonly room: string }
  | { readonly type: 'chat'; readonly room: string; readonly text: string }
  | { readonly type: 'ping'; readonly id: string };

/**
 * What a server says on the chat path, in the contract's words. Fields of other types than these are
 * no part of the contract.
 */
export interface Said {
  readonly type: string;
  readonly room?: unknown;
  readonly text?: unknown;
  readonly id?: unknown;
  readonly code?: unknown;
}

/** What one text frame of a server comes to. */
export interface Heard {
  readonly said: readonly Said[];
  /** Frames that the protocol wants sent now, whatever the client is up to. */
  readonly answers?: readonly string[];
  /** The answer to a keepalive that is a message and no WebSocket ping: a dead client withholds it. */
  readonly pong?: string;
}

/** One connection in a dialect: it remembers what has been asked, where answers do not say. */
export interface Conversation {
  /** Frames with which a client begins; none when the connection is all it takes. */
  readonly greeting: readonly string[];
  /** Whether actions may be sent: false until the server has answered the greeting. */
  readonly isReady: boolean;
  /** @returns the text frame that asks for it */
  encode(action: Action): string;
  /** @throws Error when the frame is none of the dialect */
  decode(frame: string): Heard;
}

/**
 * A way of saying what the contract is about. Checks know the contract's words alone; a dialect
 * translates, so that products with a protocol of their own go through the same checks.
 */
export interface Dialect {
  readonly name: string;
  /**
   * Rules that cannot be asked of those who speak it, each with the reason. Of rules that are checked
   * together the first one decides.
   */
  readonly exempt: Readonly<Partial<Record<RuleName, string>>>;
  converse(): Conversation;
}
