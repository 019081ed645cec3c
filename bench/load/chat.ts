import { clientFrame, OPCODE_TEXT } from './frame_writer.ts';

/**
 * The messages of the benchmark. A text is `<sender>:<sequence>:<intended_us>:` and as many `x` as
 * the payload needs: what a receiver has to know travels inside it, through any server.
 */

/** The member's own words: a member joins one room. */
export const joinFrame = (room: string): Buffer =>
  clientFrame(OPCODE_TEXT, JSON.stringify({ type: 'join', room }));

/** Room for the longest sender, sequence and time there can be. */
const TEXT_BYTES_MIN = 32;

const chatPrefix = (room: string): string =>
  `{"type":"chat","room":${JSON.stringify(room)},"text":"`;
const CHAT_SUFFIX = '"}';

/** The smallest payload that a chat frame for `room` can have, in bytes. */
export const payloadBytesMin = (room: string): number =>
  Buffer.byteLength(chatPrefix(room)) + CHAT_SUFFIX.length + TEXT_BYTES_MIN;

/** Writes chat frames for one room whose JSON has exactly `payload_bytes`. */
export class ChatWriter {
  readonly #prefix: string;
  readonly #text_bytes: number;

  /** @throws RangeError when the payload does not hold what a message has to carry */
  constructor(room: string, payload_bytes: number) {
    if (payload_bytes < payloadBytesMin(room)) {
      throw new RangeError(`a chat frame takes at least ${payloadBytesMin(room)} bytes`);
    }
    this.#prefix = chatPrefix(room);
    this.#text_bytes = payload_bytes - Buffer.byteLength(this.#prefix) - CHAT_SUFFIX.length;
  }

  /** @param intended_us when the message was to be sent, on the run's clock, whole microseconds */
  frame(sender: number, sequence: number, intended_us: number): Buffer {
    const text = `${sender}:${sequence}:${intended_us}:`.padEnd(this.#text_bytes, 'x');
    return clientFrame(OPCODE_TEXT, this.#prefix + text + CHAT_SUFFIX);
  }
}

/** The messages of one frame, in order: parallel arrays, because they are walked once per member. */
export interface ChatBatch {
  readonly senders: readonly number[];
  readonly sequences: readonly number[];
  readonly intended_us: readonly number[];
  /** The room's number for the message; NO_OFFSET from a server that gives none. */
  readonly offsets: readonly number[];
  /** Of the messages alone: without frame headers, without what stands between messages. */
  readonly bytes: number;
}

/** What else a frame said. */
export interface OtherNews {
  readonly joined: boolean;
  /** Codes of `error` messages. */
  readonly errors: readonly string[];
}

const TEXT_FORM = /^(\d{1,9}):(\d{1,10}):(\d{1,15}):x*$/;

export const NO_OFFSET = -1;

/** A place in the arrays of a run that no sender has: counted as foreign. */
export const NOBODY = -1;

/**
 * Reads a text frame of JSON objects, one or more, with `\n` between.
 * @param room the only one whose messages may arrive here; any other message is nobody's
 * @throws SyntaxError when it is not JSON
 */
export function readFrame(room: string, frame: string): ChatBatch & OtherNews {
  const senders: number[] = [];
  const sequences: number[] = [];
  const intended_us: number[] = [];
  const offsets: number[] = [];
  const errors: string[] = [];
  let joined = false;
  let bytes = 0;
  for (const line of frame.split('\n')) {
    const message = JSON.parse(line) as Record<string, unknown>;
    if (message.type === 'message') {
      const form = message.room === room ? TEXT_FORM.exec(String(message.text)) : null;
      senders.push(form === null ? NOBODY : Number(form[1]));
      sequences.push(Number(form?.[2] ?? 0));
      intended_us.push(Number(form?.[3] ?? 0));
      offsets.push(typeof message.offset === 'number' ? message.offset : NO_OFFSET);
      bytes += Buffer.byteLength(line);
    } else if (message.type === 'joined') {
      joined = true;
    } else if (message.type === 'error') {
      errors.push(String(message.code));
    }
  }
  return { senders, sequences, intended_us, offsets, bytes, joined, errors };
}
