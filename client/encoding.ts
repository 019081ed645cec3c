import type { ServerMessage } from '../server/protocol/messages.ts';
import type { Command } from './commands.ts';

export type Frame = string | Uint8Array<ArrayBuffer>;

/** One way to write the protocol: commands into frames, frames into messages. */
export interface Encoding {
  readonly subprotocol: string;
  /** Whether a frame may carry more than one message. */
  readonly batched: boolean;
  encode(command: Command): Frame;
  /** Puts frames of one command each into one frame. Only called when `batched`. */
  join(frames: readonly Frame[]): Frame;
  /**
   * Reads a frame's messages, in order.
   * @throws when the frame is not of this encoding
   */
  decode(frame: unknown): readonly ServerMessage[];
}

/** Checks what every message has. The server's word is taken for the fields of each type. */
export function asServerMessage(value: unknown): ServerMessage {
  if (typeof value === 'object' && value !== null && 'type' in value) return value as ServerMessage;
  throw new TypeError('not a message of this protocol');
}
