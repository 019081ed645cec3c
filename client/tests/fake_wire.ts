import { pack, unpackMultiple } from 'msgpackr';
import type { ServerMessage } from '../../server/protocol/messages.ts';
import type { Command } from '../commands.ts';
import type { Encoding } from '../encoding.ts';
import { json, ndjson } from '../encoding_json.ts';
import { messagepack } from '../messagepack.ts';

/** The client's encodings by name, for tests that run in each of them. */
export const ENCODINGS: readonly (readonly [string, Encoding])[] = [
  ['json', json],
  ['ndjson', ndjson],
  ['msgpack', messagepack],
];

/** The peer's own way of writing the protocol: it must not share the client's mistakes. */
export interface Wire {
  /** Frames for messages that leave together: one each in `json`, one for all in the others. */
  write(messages: readonly ServerMessage[]): readonly (string | Uint8Array)[];
  read(frame: string | Uint8Array): readonly Command[];
}

const writeJson = (message: ServerMessage): string => JSON.stringify(message);

export const WIRES: Readonly<Record<string, Wire>> = {
  'hubbub.v1.json': {
    write: (messages) => messages.map(writeJson),
    read: (frame) => [JSON.parse(String(frame)) as Command],
  },
  'hubbub.v1.ndjson': {
    write: (messages) => [messages.map(writeJson).join('\n')],
    read: (frame) =>
      String(frame)
        .split('\n')
        .map((line) => JSON.parse(line) as Command),
  },
  'hubbub.v1.msgpack': {
    write: (messages) => [Buffer.concat(messages.map((message) => pack(message)))],
    read: (frame) => unpackMultiple(Buffer.from(frame)) as Command[],
  },
};
